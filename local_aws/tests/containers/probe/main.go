// Command probe is the container of the tests: it says what it was given, and fails on demand.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	broken  atomic.Bool
	failing atomic.Bool
	checks  atomic.Int32
	waiting atomic.Int32
	held    []byte
	told    = make(chan os.Signal, 1) // SIGUSR1: to go on with what was waiting for it
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "check":
			check()
		case "write":
			os.WriteFile(os.Args[2], nil, 0o644)
			os.Exit(0)
		case "hang":
			time.Sleep(time.Hour)
		}
	}
	version, fault := os.Getenv("VERSION"), os.Getenv("FAULT")
	fmt.Println("started", version)
	if fault == "crash" {
		for count := 0; count < 300; count++ {
			fmt.Println("line", count)
		}
		fmt.Print("last words without a line's end")
		os.Exit(3)
	}
	if fault == "done" {
		return
	}
	broken.Store(fault == "unhealthy")
	failing.Store(fault == "failing")
	http.HandleFunc("/health", health)
	http.HandleFunc("/version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, version) })
	http.HandleFunc("/wait", wait)
	http.HandleFunc("/waiting", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, waiting.Load()) })
	http.HandleFunc("/break", func(http.ResponseWriter, *http.Request) { broken.Store(true) })
	http.HandleFunc("/checked", checked)
	http.HandleFunc("/checks", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, checks.Load()) })
	http.HandleFunc("/fail", func(http.ResponseWriter, *http.Request) { failing.Store(true) })
	http.HandleFunc("/mend", func(http.ResponseWriter, *http.Request) { failing.Store(false) })
	http.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) { os.Exit(4) })
	http.HandleFunc("/eat", eat)
	http.HandleFunc("/hold", hold)
	http.HandleFunc("/burn", burn)
	http.HandleFunc("/given", given)
	http.HandleFunc("/files", files)
	http.HandleFunc("/limits", limits)
	http.HandleFunc("/neighbour", neighbour)
	signal.Notify(told, syscall.SIGUSR1)
	go func() {
		if fault == "late" {
			<-told
		}
		fmt.Println(http.ListenAndServe(":"+port(), nil))
	}()
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	<-terminated
	fmt.Println("asked to stop")
	if fault == "stubborn" {
		select {}
	}
	fmt.Println("stopped")
}

func port() string {
	if given := os.Getenv("PORT"); given != "" {
		return given
	}
	return "8080"
}

// neighbour is what another container of the task answers on localhost.
func neighbour(w http.ResponseWriter, asked *http.Request) {
	answer, err := http.Get("http://localhost:" + asked.URL.Query().Get("port") + "/version")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	io.Copy(w, answer.Body)
}

// wait answers when the probe is told to go on.
func wait(http.ResponseWriter, *http.Request) {
	waiting.Add(1)
	<-told
}

func health(w http.ResponseWriter, _ *http.Request) {
	answer(w, !broken.Load())
}

func checked(w http.ResponseWriter, _ *http.Request) {
	checks.Add(1)
	answer(w, !failing.Load())
}

func answer(w http.ResponseWriter, good bool) {
	if !good {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// check is the container's health check: it asks the probe that runs in the same container.
func check() {
	found, err := http.Get("http://127.0.0.1:" + port() + "/checked")
	if err != nil || found.StatusCode != http.StatusOK {
		os.Exit(1)
	}
	os.Exit(0)
}

// eat takes memory until it is killed.
func eat(http.ResponseWriter, *http.Request) {
	for taken := [][]byte{}; ; {
		block := make([]byte, 8<<20)
		for at := range block {
			block[at] = 1
		}
		taken = append(taken, block)
	}
}

// hold takes 256 MiB and keeps them.
func hold(http.ResponseWriter, *http.Request) {
	held = make([]byte, 256<<20)
	for at := range held {
		held[at] = 1
	}
}

// burn keeps a core busy for a second, and answers the milliseconds of CPU it got.
func burn(w http.ResponseWriter, _ *http.Request) {
	before, until := cpu(), time.Now().Add(time.Second)
	for time.Now().Before(until) {
	}
	fmt.Fprint(w, (cpu() - before).Milliseconds())
}

func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func given(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "%d %t %t", os.Getuid(), writable("/probe"), writable("/tmp/probe"))
}

func writable(path string) bool {
	return os.WriteFile(path, []byte("x"), 0o600) == nil
}

// files tells the owner and the mode of the folder that is asked for, and what is in it.
func files(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("in")
	var found syscall.Stat_t
	if err := syscall.Stat(path, &found); err != nil {
		fmt.Fprint(w, err)
		return
	}
	fmt.Fprintf(w, "%d %o", found.Uid, found.Mode&0o7777)
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		fmt.Fprint(w, " ", entry.Name())
	}
}

// limits tells the soft and the hard limit of core files: Go itself raises that of open files.
func limits(w http.ResponseWriter, _ *http.Request) {
	var found syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_CORE, &found)
	fmt.Fprintf(w, "%d %d", found.Cur, found.Max)
}
