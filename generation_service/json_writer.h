#ifndef GENWATCH_GENERATION_SERVICE_JSON_WRITER_H_
#define GENWATCH_GENERATION_SERVICE_JSON_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace genwatch {

// Writes one JSON text, front to back; the caller opens and closes in the right order. Strings are
// valid UTF-8. Not thread-safe.
class JsonWriter {
 public:
  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }

  // In an object, before each value.
  void Key(std::string_view key);

  void String(std::string_view value);
  void Bool(bool value);
  void Integer(int64_t value);
  // The shortest text that reads back the same; null if it is not finite.
  void Number(double value);
  // A value that is JSON already.
  void Json(std::string_view json);

  const std::string& text() const { return text_; }

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Separate();
  void Quote(std::string_view value);

  std::string text_;
  bool comma_ = false;  // something precedes on this level
};

}  // namespace genwatch

#endif  // GENWATCH_GENERATION_SERVICE_JSON_WRITER_H_
