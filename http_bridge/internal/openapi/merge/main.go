// merge makes the bridge's OpenAPI 3 document: the REST routes, converted from the Swagger 2 file of
// protoc-gen-openapiv2, and the hand-written rest. Run by scripts/generate_go.sh.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
)

func main() {
	swagger := flag.String("swagger", "", "Swagger 2 document of the REST routes")
	paths := flag.String("paths", "", "hand-written OpenAPI 3 document")
	out := flag.String("out", "", "where the result goes")
	flag.Parse()
	if err := run(*swagger, *paths, *out); err != nil {
		fmt.Fprintln(os.Stderr, "merge: "+err.Error())
		os.Exit(1)
	}
}

func run(swagger, paths, out string) error {
	rest, err := loadSwagger(swagger)
	if err != nil {
		return fmt.Errorf("%s: %w", swagger, err)
	}
	document, err := openapi3.NewLoader().LoadFromFile(paths)
	if err != nil {
		return fmt.Errorf("%s: %w", paths, err)
	}
	if err := merge(document, rest); err != nil {
		return err
	}
	if err := addKey(document); err != nil {
		return err
	}
	refuse(document)
	body, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return err
	}
	if err := check(body); err != nil {
		return err
	}
	return os.WriteFile(out, append(body, '\n'), 0o644)
}

func loadSwagger(name string) (*openapi3.T, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var document openapi2.T
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, err
	}
	return openapi2conv.ToV3(&document)
}

// merge adds routes and schemas; a name in both is a mistake.
func merge(into, from *openapi3.T) error {
	for path, item := range from.Paths.Map() {
		if into.Paths.Value(path) != nil {
			return fmt.Errorf("path %s is described twice", path)
		}
		into.Paths.Set(path, item)
	}
	for name, schema := range from.Components.Schemas {
		if into.Components.Schemas[name] != nil {
			return fmt.Errorf("schema %s is described twice", name)
		}
		into.Components.Schemas[name] = schema
	}
	return nil
}

// addKey describes the header that no proto has: a REST submit takes it as the hand-written one does.
func addKey(document *openapi3.T) error {
	rest, ours := document.Paths.Value("/api/v1/jobs"), document.Paths.Value("/api/v1/ai/generate")
	if rest == nil || rest.Post == nil || ours == nil || ours.Post == nil {
		return errors.New("a route that submits is missing")
	}
	key := ours.Post.Parameters.GetByInAndName(openapi3.ParameterInHeader, "Idempotency-Key")
	if key == nil {
		return errors.New("the header Idempotency-Key is not described")
	}
	rest.Post.Parameters = append(rest.Post.Parameters, &openapi3.ParameterRef{Value: key})
	return nil
}

// refuse gives every operation the one shape of refusals.
func refuse(document *openapi3.T) {
	description := "Refused."
	schema := openapi3.NewSchemaRef("#/components/schemas/Problem", document.Components.Schemas["Problem"].Value)
	for _, item := range document.Paths.Map() {
		for _, operation := range item.Operations() {
			operation.Responses.Set("default", &openapi3.ResponseRef{Value: &openapi3.Response{
				Description: &description,
				Content:     openapi3.NewContentWithJSONSchemaRef(schema),
			}})
		}
	}
}

// check reads the result again, as a client would.
func check(body []byte) error {
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromData(body)
	if err != nil {
		return err
	}
	return document.Validate(context.Background())
}
