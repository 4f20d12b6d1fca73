package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"
)

// The most that one request may ask for.
const (
	maxBurnSeconds = 60
	maxAllocateMiB = 4096
	maxHoldSeconds = 600
)

const (
	allocationHeld = 2 * time.Second
	crashDelay     = 100 * time.Millisecond // for the answer to leave first
)

type api struct {
	version string
	fault   string
	log     *logger
	exit    func(code int)
}

// held is what /hold took last: a task has one memory.
var held struct {
	sync.Mutex
	memory []byte
}

func newHandler(a api) http.Handler {
	mux := http.NewServeMux()
	for path, handle := range map[string]http.HandlerFunc{
		"/health":   a.health,
		"/version":  a.showVersion,
		"/burn":     a.burn,
		"/allocate": a.allocate,
		"/hold":     a.hold,
		"/crash":    a.crash,
	} {
		if a.fault == serverErrors && path != "/health" {
			handle = a.fail
		}
		mux.HandleFunc(path, a.logged(onlyGet(handle)))
	}
	return mux
}

func (a api) health(response http.ResponseWriter, _ *http.Request) {
	if a.fault == unhealthy {
		answer(response, http.StatusInternalServerError, fields{"status": "unhealthy", "version": a.version})
		return
	}
	answer(response, http.StatusOK, fields{"status": "ok", "version": a.version})
}

func (a api) fail(response http.ResponseWriter, _ *http.Request) {
	answer(response, http.StatusInternalServerError, fields{"error": "broken", "version": a.version})
}

func (a api) showVersion(response http.ResponseWriter, _ *http.Request) {
	host, _ := os.Hostname()
	answer(response, http.StatusOK, fields{"version": a.version, "host": host})
}

// burn keeps one core busy for the seconds asked for, or until the caller goes away.
func (a api) burn(response http.ResponseWriter, request *http.Request) {
	seconds, err := wholeNumber(request, "seconds", maxBurnSeconds)
	if err != nil {
		answer(response, http.StatusBadRequest, fields{"error": err.Error()})
		return
	}
	until := time.Now().Add(time.Duration(seconds) * time.Second)
	for time.Now().Before(until) && request.Context().Err() == nil {
	}
	answer(response, http.StatusOK, fields{"burned_seconds": seconds})
}

// allocate touches the memory asked for and holds it for a moment; past the task's limit the kernel ends the task.
func (a api) allocate(response http.ResponseWriter, request *http.Request) {
	mib, err := wholeNumber(request, "mib", maxAllocateMiB)
	if err != nil {
		answer(response, http.StatusBadRequest, fields{"error": err.Error()})
		return
	}
	taken := touched(mib)
	time.Sleep(allocationHeld)
	runtime.KeepAlive(taken)
	answer(response, http.StatusOK, fields{"allocated_mib": mib})
}

// hold touches the memory asked for and keeps it for the seconds asked for, or until the next hold; the answer is at once.
func (a api) hold(response http.ResponseWriter, request *http.Request) {
	mib, err := wholeNumber(request, "mib", maxAllocateMiB)
	seconds, other := wholeNumber(request, "seconds", maxHoldSeconds)
	for _, problem := range []error{err, other} {
		if problem != nil {
			answer(response, http.StatusBadRequest, fields{"error": problem.Error()})
			return
		}
	}
	release(nil)
	held.Lock()
	taken := touched(mib)
	held.memory = taken
	held.Unlock()
	time.AfterFunc(time.Duration(seconds)*time.Second, func() { release(taken) })
	answer(response, http.StatusOK, fields{"held_mib": mib, "seconds": seconds})
}

// release gives back what is held, to the kernel too; where it is this memory, or whatever it is for none.
func release(taken []byte) {
	held.Lock()
	defer held.Unlock()
	if taken == nil || len(held.memory) > 0 && &held.memory[0] == &taken[0] {
		held.memory = nil
		debug.FreeOSMemory()
	}
}

func touched(mib int) []byte {
	taken := make([]byte, mib<<20)
	for page := 0; page < len(taken); page += os.Getpagesize() {
		taken[page] = 1
	}
	return taken
}

func (a api) crash(response http.ResponseWriter, _ *http.Request) {
	a.log.error("crashing on request", nil)
	answer(response, http.StatusAccepted, fields{"status": "crashing"})
	time.AfterFunc(crashDelay, func() { a.exit(1) })
}

func (a api) logged(handle http.HandlerFunc) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		began := time.Now()
		seen := &statusWriter{ResponseWriter: response, status: http.StatusOK}
		handle(seen, request)
		a.log.info("request", fields{
			"method":      request.Method,
			"path":        request.URL.Path,
			"status":      seen.status,
			"duration_ms": time.Since(began).Milliseconds(),
		})
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func onlyGet(handle http.HandlerFunc) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodGet && request.Method != http.MethodHead {
			response.Header().Set("Allow", "GET, HEAD")
			answer(response, http.StatusMethodNotAllowed, fields{"error": "only GET is answered"})
			return
		}
		handle(response, request)
	}
}

// wholeNumber reads a query parameter between 1, which it is when absent, and most.
func wholeNumber(request *http.Request, name string, most int) (int, error) {
	text := request.URL.Query().Get(name)
	if text == "" {
		return 1, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > most {
		return 0, fmt.Errorf("%s is %q: it must be a whole number from 1 to %d", name, text, most)
	}
	return number, nil
}

func answer(response http.ResponseWriter, status int, body fields) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(status)
	_ = json.NewEncoder(response).Encode(body) // the caller may have gone
}
