package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func get(t *testing.T, a api, target string) (int, map[string]any) {
	t.Helper()
	return ask(t, a, http.MethodGet, target)
}

func ask(t *testing.T, a api, method, target string) (int, map[string]any) {
	t.Helper()
	if a.log == nil {
		a.log = newLogger(io.Discard, a.version)
	}
	recorder := httptest.NewRecorder()
	newHandler(a).ServeHTTP(recorder, httptest.NewRequest(method, target, nil))
	body := map[string]any{}
	if recorder.Body.Len() > 0 && recorder.Header().Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil {
			t.Fatalf("%s answered no JSON: %v", target, err)
		}
	}
	return recorder.Code, body
}

func TestHealthSaysWhichVersionAnswers(t *testing.T) {
	status, body := get(t, api{version: "v2"}, "/health")
	if status != http.StatusOK || body["status"] != "ok" || body["version"] != "v2" {
		t.Fatalf("got %d %v", status, body)
	}
}

func TestAnUnhealthyBuildFailsItsHealthCheckAndServesTheRest(t *testing.T) {
	broken := api{version: "v2", fault: unhealthy}
	if status, _ := get(t, broken, "/health"); status != http.StatusInternalServerError {
		t.Fatalf("/health: got %d", status)
	}
	if status, body := get(t, broken, "/version"); status != http.StatusOK || body["version"] != "v2" {
		t.Fatalf("/version: got %d %v", status, body)
	}
}

func TestABuildThatFailsEveryRequestIsHealthy(t *testing.T) {
	broken := api{version: "v2", fault: serverErrors}
	if status, _ := get(t, broken, "/health"); status != http.StatusOK {
		t.Fatalf("/health: got %d", status)
	}
	if status, body := get(t, broken, "/version"); status != http.StatusInternalServerError || body["version"] != "v2" {
		t.Fatalf("/version: got %d %v", status, body)
	}
}

func TestWhatIsAskedForIsBounded(t *testing.T) {
	for _, target := range []string{
		"/burn?seconds=0", "/burn?seconds=61", "/burn?seconds=ten", "/burn?seconds=1.5",
		"/allocate?mib=0", "/allocate?mib=4097", "/allocate?mib=-1",
	} {
		if status, body := get(t, api{}, target); status != http.StatusBadRequest || body["error"] == nil {
			t.Errorf("%s: got %d %v", target, status, body)
		}
	}
}

func TestBurnLastsAsLongAsAsked(t *testing.T) {
	began := time.Now()
	if status, _ := get(t, api{}, "/burn?seconds=1"); status != http.StatusOK {
		t.Fatalf("got %d", status)
	}
	if took := time.Since(began); took < time.Second || took > maxBurnSeconds*time.Second {
		t.Fatalf("burned for %s", took)
	}
}

func TestAllocateAnswersWithWhatItHeld(t *testing.T) {
	if status, body := get(t, api{}, "/allocate?mib=2"); status != http.StatusOK || body["allocated_mib"] != 2.0 {
		t.Fatalf("got %d %v", status, body)
	}
}

func TestHoldKeepsWhatWasAskedForUntilTheNext(t *testing.T) {
	for _, mib := range []int{3, 2} {
		status, body := get(t, api{}, fmt.Sprintf("/hold?mib=%d&seconds=60", mib))
		if status != http.StatusOK || body["held_mib"] != float64(mib) || len(held.memory) != mib<<20 {
			t.Fatalf("got %d %v, and %d bytes are held", status, body, len(held.memory))
		}
	}
	release([]byte{1})
	if held.memory == nil {
		t.Fatal("gave back another's memory")
	}
	release(held.memory)
	if held.memory != nil {
		t.Fatal("still holds it")
	}
}

func TestHoldRefusesWhatItCannotHold(t *testing.T) {
	for _, target := range []string{"/hold?mib=4097", "/hold?seconds=601", "/hold?seconds=x"} {
		if status, body := get(t, api{}, target); status != http.StatusBadRequest || body["error"] == nil {
			t.Errorf("%s: got %d %v", target, status, body)
		}
	}
}

func TestCrashAnswersAndThenExitsNonZero(t *testing.T) {
	exited := make(chan int, 1)
	status, _ := get(t, api{exit: func(code int) { exited <- code }}, "/crash")
	if status != http.StatusAccepted {
		t.Fatalf("got %d", status)
	}
	select {
	case code := <-exited:
		if code == 0 {
			t.Fatal("exited with 0")
		}
	case <-time.After(time.Minute):
		t.Fatal("did not exit")
	}
}

func TestOnlyGetCrashes(t *testing.T) {
	status, _ := ask(t, api{exit: func(int) { t.Error("exited") }}, http.MethodPost, "/crash")
	time.Sleep(2 * crashDelay)
	if status != http.StatusMethodNotAllowed {
		t.Fatalf("got %d", status)
	}
}

func TestAnUnknownPathIsNotFound(t *testing.T) {
	if status, _ := get(t, api{}, "/nothing"); status != http.StatusNotFound {
		t.Fatalf("got %d", status)
	}
}

func TestARequestIsLoggedAsOneLineOfJSON(t *testing.T) {
	var out bytes.Buffer
	get(t, api{version: "v2", fault: unhealthy, log: newLogger(&out, "v2")}, "/health")
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	for name, want := range map[string]any{
		"level": "INFO", "msg": "request", "version": "v2", "path": "/health", "status": 500.0,
	} {
		if line[name] != want {
			t.Errorf("%s is %v, not %v", name, line[name], want)
		}
	}
}

func TestThePortFollowsTheEnvironment(t *testing.T) {
	t.Setenv("PORT", "9090")
	if port() != "9090" {
		t.Fatal(port())
	}
	t.Setenv("PORT", "")
	if port() != "8080" {
		t.Fatal(port())
	}
}
