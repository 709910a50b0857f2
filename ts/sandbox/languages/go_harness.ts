/** The file that reads arguments as the function's own types and prints what it returns. */
export const goHarness = (name: string): string =>
  `package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// calqueAs gives a parsed JSON value the type that a parameter has.
func calqueAs(given interface{}, to reflect.Type) reflect.Value {
	into := reflect.New(to).Elem()
	switch value := given.(type) {
	case nil:
		return into
	case string:
		switch to.Kind() {
		case reflect.Int32, reflect.Uint8:
			into.Set(reflect.ValueOf([]rune(value)[0]).Convert(to))
			return into
		case reflect.Slice:
			into.Set(reflect.ValueOf(value).Convert(to))
			return into
		}
	}
	switch to.Kind() {
	case reflect.Ptr:
		into.Set(reflect.New(to.Elem()))
		into.Elem().Set(calqueAs(given, to.Elem()))
	case reflect.Interface:
		into.Set(reflect.ValueOf(calquePlain(given)))
	case reflect.Slice, reflect.Array:
		list := given.([]interface{})
		if to.Kind() == reflect.Slice {
			into.Set(reflect.MakeSlice(to, len(list), len(list)))
		} else if len(list) != to.Len() {
			panic(fmt.Sprintf("expected %d elements, got %d", to.Len(), len(list)))
		}
		for at, each := range list {
			into.Index(at).Set(calqueAs(each, to.Elem()))
		}
	case reflect.Map:
		into.Set(reflect.MakeMap(to))
		for key, each := range given.(map[string]interface{}) {
			var named interface{} = key
			if to.Key().Kind() != reflect.String && to.Key().Kind() != reflect.Interface {
				named = json.Number(key)
			}
			into.SetMapIndex(calqueAs(named, to.Key()), calqueAs(each, to.Elem()))
		}
	case reflect.Struct:
		if list, ok := given.([]interface{}); ok {
			for at, each := range list {
				into.Field(at).Set(calqueAs(each, to.Field(at).Type))
			}
			return into
		}
		fallthrough
	default:
		text, err := json.Marshal(given)
		if err == nil {
			err = json.Unmarshal(text, into.Addr().Interface())
		}
		if err != nil {
			panic(err)
		}
	}
	return into
}

// calquePlain gives a value to a parameter that takes any: whole numbers are int.
func calquePlain(given interface{}) interface{} {
	switch value := given.(type) {
	case json.Number:
		if whole, err := strconv.Atoi(string(value)); err == nil {
			return whole
		}
		real, _ := value.Float64()
		return real
	case []interface{}:
		for at := range value {
			value[at] = calquePlain(value[at])
		}
	case map[string]interface{}:
		for key := range value {
			value[key] = calquePlain(value[key])
		}
	}
	return given
}

func calqueText(text string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.Encode(text)
	return strings.TrimSpace(out.String())
}

// calquePrint writes JSON: an empty list and no list are one, bytes are numbers, NaN is a text that equals nothing.
func calquePrint(value reflect.Value) string {
	if !value.IsValid() {
		return "null"
	}
	if value.CanInterface() {
		switch known := value.Interface().(type) {
		case error:
			return calqueText(known.Error())
		case fmt.Stringer:
			if value.Kind() == reflect.Ptr && strings.HasPrefix(value.Type().String(), "*big.") {
				return known.String()
			}
		}
	}
	switch value.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(value.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(value.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(value.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(value.Float()) || math.IsInf(value.Float(), 0) {
			return calqueText(fmt.Sprint(value.Float()))
		}
		return strconv.FormatFloat(value.Float(), 'g', -1, 64)
	case reflect.String:
		return calqueText(value.String())
	case reflect.Interface, reflect.Ptr:
		if value.IsNil() {
			return "null"
		}
		return calquePrint(value.Elem())
	case reflect.Slice, reflect.Array:
		parts := make([]string, value.Len())
		for at := range parts {
			parts[at] = calquePrint(value.Index(at))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case reflect.Map:
		parts := []string{}
		for _, key := range value.MapKeys() {
			name := calquePrint(key)
			if !strings.HasPrefix(name, "\\"") {
				name = calqueText(name)
			}
			parts = append(parts, name+":"+calquePrint(value.MapIndex(key)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case reflect.Struct:
		parts := []string{}
		for at := 0; at < value.NumField(); at++ {
			parts = append(parts, calquePrint(value.Field(at)))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return calqueText(value.String())
}

func calqueCall(function reflect.Value, given []interface{}) (told string) {
	defer func() {
		if problem := recover(); problem != nil {
			told = "!" + strings.ReplaceAll(fmt.Sprint(problem), "\\n", " ")
		}
	}()
	if len(given) != function.Type().NumIn() {
		panic(fmt.Sprintf("${name} takes %d arguments, got %d", function.Type().NumIn(), len(given)))
	}
	arguments := make([]reflect.Value, len(given))
	for at, each := range given {
		arguments[at] = calqueAs(each, function.Type().In(at))
	}
	var results []reflect.Value
	if function.Type().IsVariadic() {
		results = function.CallSlice(arguments)
	} else {
		results = function.Call(arguments)
	}
	switch len(results) {
	case 0:
		return "null"
	case 1:
		return calquePrint(results[0])
	}
	parts := make([]string, len(results))
	for at, each := range results {
		parts[at] = calquePrint(each)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func main() {
	var asked struct {
		Cases [][]interface{}
		Mark  string
		First int
	}
	input, _ := io.ReadAll(os.Stdin)
	decoder := json.NewDecoder(bytes.NewReader(input))
	decoder.UseNumber()
	if decoder.Decode(&asked) != nil {
		os.Exit(1)
	}
	say := func(text string) { os.Stdout.WriteString("\\n" + asked.Mark + " " + text + "\\n") }
	function := reflect.ValueOf(${name})
	say("ready")
	for at, given := range asked.Cases {
		say(strconv.Itoa(asked.First+at) + " " + calqueCall(function, given))
	}
	os.Exit(0)
}
`;

/** Of testify's assertions those that test programs use, of the same names and order of arguments. */
export const goTestify = `package assert

import (
	"math"
	"reflect"
)

type TestingT interface {
	Errorf(format string, args ...interface{})
}

type Assertions struct{ t TestingT }

func New(t TestingT) *Assertions { return &Assertions{t} }

func hold(t TestingT, holds bool, expected, actual interface{}) bool {
	if !holds {
		t.Errorf("assertion failed: expected %v, actual %v", expected, actual)
	}
	return holds
}

func length(of interface{}) int { return reflect.ValueOf(of).Len() }

func isNil(value interface{}) bool {
	if value == nil {
		return true
	}
	switch of := reflect.ValueOf(value); of.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Ptr, reflect.Slice:
		return of.IsNil()
	}
	return false
}

func number(of interface{}) float64 {
	value := reflect.ValueOf(of)
	if value.CanConvert(reflect.TypeOf(float64(0))) {
		return value.Convert(reflect.TypeOf(float64(0))).Float()
	}
	return math.NaN()
}

func matched(a, b interface{}) bool {
	left, right := reflect.ValueOf(a), reflect.ValueOf(b)
	if left.Len() != right.Len() {
		return false
	}
	used := make([]bool, right.Len())
next:
	for at := 0; at < left.Len(); at++ {
		for other := range used {
			if !used[other] && reflect.DeepEqual(left.Index(at).Interface(), right.Index(other).Interface()) {
				used[other] = true
				continue next
			}
		}
		return false
	}
	return true
}

func Equal(t TestingT, expected, actual interface{}, _ ...interface{}) bool {
	return hold(t, reflect.DeepEqual(expected, actual), expected, actual)
}
func NotEqual(t TestingT, expected, actual interface{}, _ ...interface{}) bool {
	return hold(t, !reflect.DeepEqual(expected, actual), expected, actual)
}
func True(t TestingT, value bool, _ ...interface{}) bool  { return hold(t, value, true, value) }
func False(t TestingT, value bool, _ ...interface{}) bool { return hold(t, !value, false, value) }
func Nil(t TestingT, value interface{}, _ ...interface{}) bool {
	return hold(t, isNil(value), nil, value)
}
func NotNil(t TestingT, value interface{}, _ ...interface{}) bool {
	return hold(t, !isNil(value), "a value", value)
}
func Len(t TestingT, value interface{}, size int, _ ...interface{}) bool {
	return hold(t, length(value) == size, size, value)
}
func Empty(t TestingT, value interface{}, _ ...interface{}) bool {
	return hold(t, isNil(value) || length(value) == 0, "nothing", value)
}
func NoError(t TestingT, err error, _ ...interface{}) bool { return hold(t, err == nil, nil, err) }
func Error(t TestingT, err error, _ ...interface{}) bool   { return hold(t, err != nil, "an error", err) }
func InDelta(t TestingT, expected, actual interface{}, delta float64, _ ...interface{}) bool {
	return hold(t, math.Abs(number(expected)-number(actual)) <= delta, expected, actual)
}
func InEpsilon(t TestingT, expected, actual interface{}, epsilon float64, _ ...interface{}) bool {
	return hold(t, math.Abs(number(expected)-number(actual)) <= epsilon*math.Abs(number(expected)), expected, actual)
}
func ElementsMatch(t TestingT, expected, actual interface{}, _ ...interface{}) bool {
	return hold(t, matched(expected, actual), expected, actual)
}

func (a *Assertions) Equal(expected, actual interface{}, _ ...interface{}) bool {
	return Equal(a.t, expected, actual)
}
func (a *Assertions) NotEqual(expected, actual interface{}, _ ...interface{}) bool {
	return NotEqual(a.t, expected, actual)
}
func (a *Assertions) True(value bool, _ ...interface{}) bool         { return True(a.t, value) }
func (a *Assertions) False(value bool, _ ...interface{}) bool        { return False(a.t, value) }
func (a *Assertions) Nil(value interface{}, _ ...interface{}) bool   { return Nil(a.t, value) }
func (a *Assertions) NotNil(value interface{}, _ ...interface{}) bool { return NotNil(a.t, value) }
func (a *Assertions) Len(value interface{}, size int, _ ...interface{}) bool {
	return Len(a.t, value, size)
}
func (a *Assertions) Empty(value interface{}, _ ...interface{}) bool { return Empty(a.t, value) }
func (a *Assertions) NoError(err error, _ ...interface{}) bool       { return NoError(a.t, err) }
func (a *Assertions) Error(err error, _ ...interface{}) bool         { return Error(a.t, err) }
func (a *Assertions) InDelta(expected, actual interface{}, delta float64, _ ...interface{}) bool {
	return InDelta(a.t, expected, actual, delta)
}
func (a *Assertions) InEpsilon(expected, actual interface{}, epsilon float64, _ ...interface{}) bool {
	return InEpsilon(a.t, expected, actual, epsilon)
}
func (a *Assertions) ElementsMatch(expected, actual interface{}, _ ...interface{}) bool {
	return ElementsMatch(a.t, expected, actual)
}`;
