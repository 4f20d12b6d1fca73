package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestACommandEndsWithItsExitCode(t *testing.T) {
	for arguments, want := range map[string]int{
		"version": 0, "exit 0": 0, "exit 3": 3, "exit": usage, "exit 256": usage, "exit -1": usage, "exit x": usage, "migrate": usage,
	} {
		var out bytes.Buffer
		if got := execute(strings.Fields(arguments), newLogger(&out, "v2")); got != want {
			t.Errorf("%s: got %d, not %d", arguments, got, want)
		}
		if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"version":"v2"`) {
			t.Errorf("%s: logged %q", arguments, out.String())
		}
	}
}
