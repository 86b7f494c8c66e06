package cursor

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

type vectors struct {
	Hashes []struct {
		JobID string `json:"job_id"`
		Hash  string `json:"hash"`
	} `json:"hashes"`
	Valid []struct {
		Cursor      string `json:"cursor"`
		JobID       string `json:"job_id"`
		Version     uint32 `json:"version"`
		Sequence    uint32 `json:"sequence"`
		TextVersion uint32 `json:"text_version"`
		Answer      *int64 `json:"answer"`
		Thinking    *int64 `json:"thinking"`
		Terminal    bool   `json:"terminal"`
	} `json:"valid"`
	Invalid []struct {
		Cursor string `json:"cursor"`
		Why    string `json:"why"`
	} `json:"invalid"`
	Standing []struct {
		Offset      int64  `json:"offset"`
		TextVersion uint32 `json:"text_version"`
		Bases       []struct {
			Version uint32 `json:"version"`
			Base    int64  `json:"base"`
		} `json:"bases"`
		Standing int64 `json:"standing"`
	} `json:"standing"`
}

func load(t *testing.T) vectors {
	t.Helper()
	raw, err := os.ReadFile("../../../tests/contract/cursor_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Hashes) == 0 || len(v.Valid) == 0 || len(v.Invalid) == 0 || len(v.Standing) == 0 {
		t.Fatal("a group of vectors is empty")
	}
	return v
}

func orNone(offset *int64) int64 {
	if offset == nil {
		return None
	}
	return *offset
}

func TestHashIsTheOneOfTheVectors(t *testing.T) {
	for _, v := range load(t).Hashes {
		if got := fmt.Sprintf("%016x", Hash(v.JobID)); got != v.Hash {
			t.Errorf("Hash(%q) = %s, want %s", v.JobID, got, v.Hash)
		}
	}
}

func TestValidCursorsAreReadAndWrittenBack(t *testing.T) {
	for _, v := range load(t).Valid {
		want := Cursor{Hash(v.JobID), v.Version, v.Sequence, v.TextVersion, orNone(v.Answer), orNone(v.Thinking), v.Terminal}
		got, err := Parse(v.Cursor)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", v.Cursor, got, err, want)
		}
		if got := want.String(); got != v.Cursor {
			t.Errorf("String() = %q, want %q", got, v.Cursor)
		}
	}
}

func TestInvalidCursorsAreRefused(t *testing.T) {
	for _, v := range load(t).Invalid {
		if got, err := Parse(v.Cursor); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error: %s", v.Cursor, got, v.Why)
		}
	}
}

func TestWhatStandsIsTheSmallestBaseSinceTheTextVersion(t *testing.T) {
	for _, v := range load(t).Standing {
		var bases []Base
		for _, b := range v.Bases {
			bases = append(bases, Base{b.Version, b.Base})
		}
		if got := Standing(v.Offset, v.TextVersion, bases); got != v.Standing {
			t.Errorf("Standing(%d, %d, %v) = %d, want %d", v.Offset, v.TextVersion, bases, got, v.Standing)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("c1.85944171f73967e8.3.118.2.512.-")
	f.Add("c1.85944171f73967e8.3.0.2.4096.128.e")
	f.Add("c1...-")
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := Parse(s)
		if err == nil && parsed.String() != s {
			t.Errorf("Parse(%q) writes %q", s, parsed.String())
		}
	})
}
