package submit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"genwatch/http_bridge/internal/problem"
)

// decoder reads JSON strictly and collects what is wrong with it, field by field, so that one answer
// names all faults. A null is as good as an absent field.
type decoder struct {
	violations []problem.Violation
	// A more telling reason than "the request is invalid", from the first fault that has one.
	code string
}

// reader takes in the value of one field; path is the field as people write it: "options.num_ctx".
type reader func(path string, raw json.RawMessage)

// maxFaults is what an answer names at most.
const maxFaults = 20

func (d *decoder) fault(path, format string, args ...any) {
	if len(d.violations) == maxFaults {
		return
	}
	d.violations = append(d.violations, problem.Violation{Field: path, Description: fmt.Sprintf(format, args...)})
}

// object reads a JSON object whose fields are all known.
func (d *decoder) object(path string, raw []byte, known map[string]reader) {
	d.each(path, raw, func(name, field string, value json.RawMessage) {
		read, ok := known[name]
		switch {
		case !ok:
			d.fault(field, "is not known here; known are %s", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		case !isNull(value):
			read(field, value)
		}
	})
}

// each calls read for each field of a JSON object, once.
func (d *decoder) each(path string, raw []byte, read func(name, field string, value json.RawMessage)) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		d.fault(orBody(path), "must be a JSON object")
		return
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		name, isString := token.(string)
		if err != nil || !isString {
			d.malformed(path, err)
			return
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			d.malformed(path, err)
			return
		}
		field := name
		if path != "" {
			field = path + "." + name
		}
		if seen[name] {
			d.fault(field, "is given twice")
			continue
		}
		seen[name] = true
		read(name, field, value)
	}
	if _, err := decoder.Token(); err != nil {
		d.malformed(path, err)
	} else if _, err := decoder.Token(); err != io.EOF {
		d.fault(orBody(path), "has something after its end")
	}
}

func (d *decoder) malformed(path string, err error) {
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	d.fault(orBody(path), "is not valid JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func orBody(path string) string {
	if path == "" {
		return "body"
	}
	return path
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// str reads a string of valid Unicode.
func (d *decoder) str(into *string) reader {
	return func(path string, raw json.RawMessage) {
		switch {
		case raw[0] != '"':
			d.fault(path, "must be a string")
		case !utf8.Valid(raw):
			d.fault(path, "must be valid UTF-8")
		case hasLoneSurrogate(raw):
			d.fault(path, "must be valid Unicode: it has half of a surrogate pair")
		default:
			if err := json.Unmarshal(raw, into); err != nil {
				d.fault(path, "must be a string")
			}
		}
	}
}

// word reads one of several words.
func word[T any](d *decoder, into *T, words map[string]T, order ...string) reader {
	return func(path string, raw json.RawMessage) {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			if value, ok := words[s]; ok {
				*into = value
				return
			}
		}
		d.fault(path, "must be one of %s", strings.Join(order, ", "))
	}
}

// integer reads a whole number in [low, high].
func integer[T int32 | uint32](d *decoder, low, high int64, into func(T)) reader {
	return func(path string, raw json.RawMessage) {
		number, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			// 1e3 and 10.0 are whole numbers as well.
			float, floatErr := strconv.ParseFloat(string(raw), 64)
			if floatErr != nil || float != math.Trunc(float) || math.Abs(float) > 1<<53 {
				number = high + 1
			} else {
				number = int64(float)
			}
		}
		if number < low || number > high {
			d.fault(path, "must be a whole number from %d to %d", low, high)
			return
		}
		into(T(number))
	}
}

func (d *decoder) number(into **float64) reader {
	return func(path string, raw json.RawMessage) {
		number, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || raw[0] == '"' {
			d.fault(path, "must be a number")
			return
		}
		*into = &number
	}
}

// list calls read for each element of an array.
func (d *decoder) list(path string, raw json.RawMessage, read reader) {
	var elements []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		d.fault(path, "must be a list")
		return
	}
	for i, element := range elements {
		read(fmt.Sprintf("%s[%d]", path, i), element)
	}
}

// hasLoneSurrogate tells whether a JSON string escapes half of a surrogate pair, which Go's decoder
// would silently replace.
func hasLoneSurrogate(raw []byte) bool {
	high := false // the last character was the first half of a pair
	for i := 0; i < len(raw); i++ {
		unit := uint64(0)
		if raw[i] == '\\' && i+1 < len(raw) {
			i++
			if raw[i] == 'u' && i+4 < len(raw) {
				unit, _ = strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
				i += 4
			}
		}
		isLow := unit >= 0xDC00 && unit <= 0xDFFF
		if isLow != high {
			return true
		}
		high = unit >= 0xD800 && unit <= 0xDBFF
	}
	return high
}
