// Command go-api is the small service that the acceptance run deploys: it answers, burns, allocates, holds memory,
// crashes and drains on demand.
package main

import (
	"context"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// Set by the build: -ldflags "-X main.version=v2 -X main.fault=unhealthy".
var (
	version = "dev"
	fault   = ""
)

// What a build can be broken by, to see that a broken release is noticed.
const (
	crashAtStart = "crash-at-start"
	unhealthy    = "unhealthy"
	abruptExit   = "abrupt-exit"
	serverErrors = "server-errors" // healthy, and of no use
)

const usage = 2 // the exit code for a command that there is not

func main() {
	log := newLogger(os.Stdout, version)
	if fault == crashAtStart {
		log.error("cannot start", fields{"fault": fault})
		os.Exit(1)
	}
	os.Exit(execute(os.Args[1:], log))
}

// execute returns the exit code. Without arguments it serves; the others are for one-off tasks.
func execute(arguments []string, log *logger) int {
	switch {
	case len(arguments) == 0:
		return served(log)
	case len(arguments) == 1 && arguments[0] == "version":
		log.info("version", nil)
		return 0
	case len(arguments) == 2 && arguments[0] == "exit":
		code, err := strconv.Atoi(arguments[1])
		if err == nil && code >= 0 && code <= 255 {
			log.info("exiting", fields{"code": code})
			return code
		}
	}
	log.error("no such command", fields{"arguments": arguments, "commands": "version, exit CODE"})
	return usage
}

func served(log *logger) int {
	if err := run(log); err != nil {
		log.error("stopped", fields{"error": err.Error()})
		return 1
	}
	log.info("stopped", nil)
	return 0
}

func run(log *logger) error {
	listener, err := net.Listen("tcp", ":"+port())
	if err != nil {
		return err
	}
	log.info("listening", fields{"address": listener.Addr().String()})
	handler := newHandler(api{version: version, fault: fault, log: log, exit: os.Exit})
	if fault == abruptExit {
		return serve(context.Background(), listener, handler, drain{}, log) // SIGTERM ends it where it stands
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return serve(ctx, listener, handler, drain{settle: 5 * time.Second, finish: 15 * time.Second}, log)
}

func port() string {
	if port := os.Getenv("PORT"); port != "" {
		return port
	}
	return "8080"
}
