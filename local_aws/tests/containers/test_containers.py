"""The embedded ECS gives a container what its task definition says, and records how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local_aws.tests.containers.stage import push_probe, wait_until

if TYPE_CHECKING:
    from local_aws.ministack_types import Record
    from local_aws.tests.containers.stage import Stage


def given(stage: Stage, **container: Any) -> list[str]:
    """User id, whether the root is writable, whether /tmp is."""
    stage.create_service(stage.register(**container))
    stage.wait_steady()
    return stage.get("/given").body.split()


def logging_to(group: str) -> Record:
    options = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "probe"}
    return {"logDriver": "awslogs", "options": options}


@pytest.mark.parametrize("fault", ["", "stubborn"])
def test_stop_timeout(stage: Stage, fault: str) -> None:
    """SIGTERM, then SIGKILL (exit code 137) after `stopTimeout`; the first who asked to stop it is on record."""
    stage.create_service(stage.register(fault=fault, stopTimeout=2))
    stage.wait_steady()
    arn = stage.tasks()[0]["taskArn"]
    for reason in ("a test", "too late"):
        stage.client("ecs").stop_task(cluster=stage.name, task=arn, reason=reason)
    task = stage.stopped_task()
    assert task["containers"][0]["exitCode"] == (137 if fault else 0)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "a test")
    seconds = (task["stoppedAt"] - task["stoppingAt"]).total_seconds()
    drained = stage.deregistration_delay_seconds
    assert drained + (2 if fault else 0) <= seconds < 30, "30 seconds are the default"


def test_user_and_read_only_root(stage: Stage) -> None:
    """The user is the definition's, and with a read-only root nothing is writable, not even /tmp."""
    assert given(stage, user="0", readonlyRootFilesystem=True) == ["0", "false", "false"]


def test_writable_root(stage: Stage) -> None:
    """Without the setting the root file system is writable for root."""
    assert given(stage, user="0")[:2] == ["0", "true"]


def test_cpu_limit(stage: Stage) -> None:
    """256 units are a quarter of a core, whatever the machine has to spare."""
    stage.create_service(stage.register(task={"cpu": "256"}))
    stage.wait_steady()
    assert int(stage.get("/burn").body) <= 400
    with stage.engine_container() as container:
        limits = container.attrs["HostConfig"]
    assert limits["CpuQuota"] / limits["CpuPeriod"] == 0.25


def test_nothing_of_the_machine_is_given_away(stage: Stage) -> None:
    """MiniStack reads members that AWS does not know, such as `Privileged`, from programs without an SDK."""
    known = stage.client("ecs").describe_task_definition(taskDefinition=stage.register())["taskDefinition"]
    members = ("family", "networkMode", "requiresCompatibilities", "cpu", "memory", "executionRoleArn")
    container = {
        **known["containerDefinitions"][0],
        "Privileged": True,
        "LinuxParameters": {"Capabilities": {"Add": ["SYS_ADMIN"]}},
        "mountPoints": [{"sourceVolume": "root", "containerPath": "/host"}],
    }
    request = {
        **{member: known[member] for member in members},
        "containerDefinitions": [container],
        "volumes": [{"name": "root", "Host": {"SourcePath": "/"}}],
    }
    revision = stage.ask_ecs("RegisterTaskDefinition", request)["taskDefinition"]["taskDefinitionArn"]
    stage.create_service(revision)
    stage.wait_steady()
    with stage.engine_container() as found:
        given, binds = found.attrs["HostConfig"], [mount["Source"] for mount in found.attrs["Mounts"]]
    assert (given["Privileged"], given["CapAdd"] or []) == (False, [])
    assert [bind.endswith("-root/_data") for bind in binds] == [True], "an empty volume of the engine's"


def put_secrets(stage: Stage) -> dict[str, str]:
    """What `valueFrom` may be, and the value that goes with it."""
    ssm, manager = stage.client("ssm"), stage.client("secretsmanager")
    for name, value in (("/app/secure", "secure"), ("/app/secretsmanager/plain", "plain"), ("/app/versioned", "first")):
        kind = "String" if value == "plain" else "SecureString"
        ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)
    ssm.put_parameter(Name="/app/versioned", Value="second", Type="SecureString", Overwrite=True)
    arn = manager.create_secret(Name=stage.name, SecretString='{"user": "old", "port": 1}')["ARN"]
    latest = '{"user": "new", "port": 5432}'
    version = manager.put_secret_value(SecretId=arn, SecretString=latest)["VersionId"]
    return {
        "/app/secure": "secure",
        "arn:aws:ssm:us-east-1:000000000000:parameter/app/secure": "secure",
        "/app/secretsmanager/plain": "plain",
        "/app/versioned:1": "first",
        arn: latest,
        f"{arn}:user::": "new",
        f"{arn}:port::": "5432",
        f"{arn}:user:AWSPREVIOUS:": "old",
        f"{arn}:user::{version}": "new",
    }


def test_secrets_are_decrypted(stage: Stage) -> None:
    """Every form of `valueFrom` arrives as its plain value, of the key, the stage and the version that it names."""
    expected = put_secrets(stage)
    secrets = [{"name": f"SECRET_{number}", "valueFrom": source} for number, source in enumerate(expected)]
    stage.create_service(stage.register(secrets=secrets))
    stage.wait_steady()
    with stage.engine_container() as container:
        given = dict(line.split("=", 1) for line in container.attrs["Config"]["Env"])
    assert {secret["valueFrom"]: given[secret["name"]] for secret in secrets} == expected


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("/app/absent", "invalid parameters: /app/absent"),
        ("arn:aws:secretsmanager:us-east-1:000000000000:secret:absent-a1b2c3", "can't find the specified secret"),
        ("{arn}:password::", "did not contain json key password"),
        ("{arn}::AWSPENDING:", "staging label: AWSPENDING"),
    ],
    ids=["parameter", "secret", "key", "stage"],
)
def test_absent_secret(stage: Stage, source: str, reason: str) -> None:
    """Before any container runs, with the reason and never the value."""
    manager = stage.client("secretsmanager")
    arn = manager.create_secret(Name=stage.name, SecretString='{"user": "hidden"}')["ARN"]
    secret = {"name": "SECRET", "valueFrom": source.format(arn=arn)}
    stage.create_service(stage.register(secrets=[secret]))
    task = stage.stopped_task()
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets or registry auth")
    assert reason in task["stoppedReason"]
    assert "hidden" not in task["stoppedReason"]


def test_a_one_off_task_has_its_own_command_and_environment(stage: Stage) -> None:
    """After the definition's entry point, and over its environment."""
    definition = stage.register(entryPoint=["/server", "--first"], command=["as defined"])
    override = {"name": "probe", "command": ["a b", "$c"], "environment": [{"name": "FAULT", "value": "none"}]}
    task = stage.run_task(definition, overrides={"containerOverrides": [override]})
    wait_until(lambda: stage.task(task).get("startedAt"))
    with stage.engine_container(task) as container:
        assert [container.attrs["Path"], *container.attrs["Args"]] == ["/server", "--first", "a b", "$c"]
        assert {"VERSION=v1", "FAULT=none"} <= set(container.attrs["Config"]["Env"])
    stage.stop_task(task)


def test_limits_of_the_process(stage: Stage) -> None:
    """The soft one and the hard one; what is not set stays what it is without."""
    core = {"name": "core", "softLimit": 1024, "hardLimit": 4096}
    stage.create_service(stage.register(ulimits=[core], workingDirectory="/tmp"))
    stage.wait_steady()
    assert stage.get("/limits").body == "1024 4096"


def test_memory_limit(stage: Stage) -> None:
    """A container that takes more than its memory is killed, the task says so, and is replaced."""
    stage.create_service(stage.register(memory=64))
    stage.wait_steady()
    assert stage.get("/eat").status == 502
    task = stage.stopped_task()
    assert task["containers"][0]["exitCode"] == 137
    assert task["stoppedReason"] == "OutOfMemoryError: Container killed due to memory usage"
    assert task["containers"][0]["reason"] == task["stoppedReason"]
    wait_until(lambda: stage.get("/version").status == 200)


def test_killed_from_outside_is_not_out_of_memory(stage: Stage) -> None:
    """SIGKILL alone is no memory failure: the container is replaced like any that ends."""
    stage.create_service(stage.register())
    stage.wait_steady()
    with stage.engine_container() as container:
        container.kill()
    task = stage.stopped_task()
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["containers"][0]["exitCode"] == 137


def test_logs_arrive(stage: Stage) -> None:
    """Output is in the group, under prefix/container/task, while the container runs."""
    stage.create_service(stage.register(logConfiguration=logging_to(stage.log_group)))
    stage.wait_steady()
    wait_until(lambda: stage.log_messages(stage.tasks()[0]) == ["started v1"])


def test_last_lines_of_a_crash_arrive(stage: Stage) -> None:
    """What a crashing container said last is there when its task is STOPPED, also without a line's end."""
    stage.create_service(stage.register(fault="crash", logConfiguration=logging_to(stage.log_group)))
    said = stage.log_messages(stage.stopped_task())
    assert said == ["started v1", *(f"line {count}" for count in range(300)), "last words without a line's end"]


def test_missing_log_group_stops_the_task(stage: Stage) -> None:
    """The awslogs driver refuses to start a container whose group does not exist."""
    stage.create_service(stage.register(logConfiguration=logging_to("/ecs/nowhere")))
    task = stage.stopped_task()
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: failed to validate logger args")


def test_tag_is_resolved_once_per_deployment(stage: Stage, probe: bytes) -> None:
    """A replaced task runs the image that the tag named when the deployment began."""
    first = push_probe(stage.local_aws, probe, tag="rolling")
    stage.create_service(stage.register(tag="rolling"))
    stage.wait_steady()
    second = push_probe(stage.local_aws, probe, tag="rolling", build="2")
    stage.get("/exit")
    wait_until(lambda: stage.get("/version").status == 200)
    assert stage.tasks()[0]["containers"][0]["imageDigest"] == first
    stage.update_service(forceNewDeployment=True)
    stage.wait_steady()
    assert stage.tasks()[0]["containers"][0]["imageDigest"] == second
