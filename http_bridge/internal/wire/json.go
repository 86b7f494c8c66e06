package wire

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// object appends the fields of one JSON object in the order of the calls: the order is part of the
// promise to clients of the first system, so no map and no reflection decides it.
type object struct {
	b     []byte
	comma bool
}

func open(b []byte) object { return object{b: append(b, '{')} }

func (o *object) close() []byte { return append(o.b, '}') }

// key starts a field; names are plain ASCII.
func (o *object) key(name string) {
	if o.comma {
		o.b = append(o.b, ',')
	}
	o.comma = true
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) string(name, value string) {
	o.key(name)
	o.b = AppendString(o.b, value)
}

// stringOrNull writes null for "".
func (o *object) stringOrNull(name, value string) {
	if value == "" {
		o.null(name)
		return
	}
	o.string(name, value)
}

func (o *object) null(name string) {
	o.key(name)
	o.b = append(o.b, "null"...)
}

func (o *object) int(name string, value int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

// intOrNull writes null for nil.
func (o *object) intOrNull(name string, value *uint32) {
	if value == nil {
		o.null(name)
		return
	}
	o.int(name, int64(*value))
}

func (o *object) bool(name string, value bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, value)
}

// float writes at most two decimals and at least one, so that typed readers always see a float.
// What JSON has no word for is written as 0.0.
func (o *object) float(name string, value float64) {
	o.key(name)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		value = 0
	}
	rounded := math.Round(value*100) / 100
	if rounded == 0 {
		rounded = 0 // no "-0.0"
	}
	start := len(o.b)
	o.b = strconv.AppendFloat(o.b, rounded, 'f', -1, 64)
	for _, c := range o.b[start:] {
		if c == '.' {
			return
		}
	}
	o.b = append(o.b, '.', '0')
}

// AppendString appends s as a JSON string: control characters and the two Unicode line separators
// are escaped, invalid UTF-8 becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[start:i]...), `\ufffd`...)
		case r == '\u2028' || r == '\u2029':
			b = append(append(append(b, s[start:i]...), `\u202`...), hex[r&0xf])
		default:
			i += size
			continue
		}
		i += size
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
