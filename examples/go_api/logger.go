package main

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

type fields map[string]any

// logger writes one JSON object a line, which is what CloudWatch Logs Insights takes apart by itself.
type logger struct {
	mutex   sync.Mutex
	encoder *json.Encoder
	version string
}

func newLogger(out io.Writer, version string) *logger {
	return &logger{encoder: json.NewEncoder(out), version: version}
}

func (l *logger) info(message string, extra fields)  { l.write("INFO", message, extra) }
func (l *logger) error(message string, extra fields) { l.write("ERROR", message, extra) }

func (l *logger) write(level, message string, extra fields) {
	line := fields{
		"time":    time.Now().UTC().Format(time.RFC3339Nano),
		"level":   level,
		"msg":     message,
		"version": l.version,
	}
	for name, value := range extra {
		line[name] = value
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	_ = l.encoder.Encode(line) // there is nowhere else to say that the log is gone
}
