package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// running is a server whose /slow says that it was asked, and answers once it is released.
type running struct {
	url       string
	terminate context.CancelFunc
	ended     chan error
	asked     chan struct{}
	slow      chan struct{}
}

func started(t *testing.T, ending drain) running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, terminate := context.WithCancel(context.Background())
	t.Cleanup(terminate)
	server := running{"http://" + listener.Addr().String(), terminate, make(chan error, 1), make(chan struct{}, 1), make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/quick", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) {
		server.asked <- struct{}{}
		<-server.slow
	})
	go func() { server.ended <- serve(ctx, listener, mux, ending, newLogger(io.Discard, "test")) }()
	return server
}

func (r running) get(path string) (*http.Response, error) {
	client := http.Client{Timeout: time.Minute}
	response, err := client.Get(r.url + path)
	if err == nil {
		response.Body.Close()
	}
	return response, err
}

func (r running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(time.Minute):
		t.Fatal("the server did not end")
		return nil
	}
}

func TestADrainingServerStillAnswersNewConnectionsAndRetiresThem(t *testing.T) {
	server := started(t, drain{settle: 2 * time.Second, finish: time.Second})
	if response, err := server.get("/quick"); err != nil || response.Close {
		t.Fatalf("before: %v, closing: %v", err, response)
	}
	server.terminate()
	for retired := false; !retired; {
		response, err := server.get("/quick")
		if err != nil {
			t.Fatalf("while settling: %v", err)
		}
		retired = response.Close
	}
	if err := server.wait(t); err != nil {
		t.Fatal(err)
	}
	if _, err := server.get("/quick"); err == nil {
		t.Error("answered after the end")
	}
}

func TestARequestUnderWayIsFinished(t *testing.T) {
	server := started(t, drain{settle: 100 * time.Millisecond, finish: 5 * time.Second})
	answered := make(chan error, 1)
	go func() {
		_, err := server.get("/slow")
		answered <- err
	}()
	<-server.asked
	server.terminate()
	time.Sleep(300 * time.Millisecond) // past the settling, into the shutdown
	close(server.slow)
	if err := <-answered; err != nil {
		t.Fatalf("the request was dropped: %v", err)
	}
	if err := server.wait(t); err != nil {
		t.Fatal(err)
	}
}

func TestARequestThatNeverEndsDoesNotHoldTheServer(t *testing.T) {
	server := started(t, drain{settle: 50 * time.Millisecond, finish: 200 * time.Millisecond})
	go server.get("/slow") //nolint:errcheck // it is the one that is dropped
	<-server.asked
	server.terminate()
	if err := server.wait(t); err != context.DeadlineExceeded {
		t.Fatalf("got %v", err)
	}
	close(server.slow)
}

func TestWithNothingToDrainARequestUnderWayIsDropped(t *testing.T) {
	server := started(t, drain{})
	answered := make(chan error, 1)
	go func() {
		_, err := server.get("/slow")
		answered <- err
	}()
	<-server.asked
	server.terminate()
	if err := server.wait(t); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
	close(server.slow)
}
