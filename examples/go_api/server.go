package main

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// drain is how a server ends: it serves on for settle, until the load balancer's last node has heard that the target
// is gone, then lets what is under way finish. Together they must stay below the task's stop timeout.
type drain struct {
	settle time.Duration
	finish time.Duration
}

// serve answers until ctx is done, and then drains. With no time to drain it drops what is under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, ending drain, log *logger) error {
	var draining atomic.Bool
	server := &http.Server{
		Handler:           closingWhen(&draining, handler),
		ReadHeaderTimeout: 10 * time.Second,
		// Longer than a load balancer's 60 s, so that the load balancer is the one that closes an idle connection.
		IdleTimeout: 75 * time.Second,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	if ending == (drain{}) {
		return server.Close()
	}
	draining.Store(true)
	log.info("draining", fields{"settle_seconds": ending.settle.Seconds()})
	time.Sleep(ending.settle)
	finishing, cancel := context.WithTimeout(context.Background(), ending.finish)
	defer cancel()
	return server.Shutdown(finishing)
}

// closingWhen retires each connection with an answer: one that is closed while idle could meet a request on its way.
func closingWhen(draining *atomic.Bool, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if draining.Load() {
			response.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(response, request)
	})
}
