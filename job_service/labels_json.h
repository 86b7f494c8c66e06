#ifndef GENWATCH_JOB_SERVICE_LABELS_JSON_H_
#define GENWATCH_JOB_SERVICE_LABELS_JSON_H_

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <string>

namespace genwatch {

// A JSON object of strings, as the ledger holds labels. `Pairs`: a range of (key, value).
template <typename Pairs>
std::string LabelsJson(const Pairs& labels) {
  google::protobuf::Struct object;
  for (const auto& [key, value] : labels) {
    (*object.mutable_fields())[key].set_string_value(value);
  }
  std::string json;
  // Strings always have a form in JSON.
  if (!google::protobuf::util::MessageToJsonString(object, &json).ok()) json = "{}";
  return json;
}

}  // namespace genwatch

#endif  // GENWATCH_JOB_SERVICE_LABELS_JSON_H_
