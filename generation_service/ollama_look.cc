#include "generation_service/ollama_look.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "generation_service/json_writer.h"
#include "generation_service/ollama_reports.h"

namespace genwatch {
namespace {

// A list of some thousand models; more is no answer of an Ollama.
constexpr size_t kMaxBody = 8 << 20;
// So many models are asked about in one look; the rest in the next.
constexpr int kMaxShown = 100;

bool Answered(const HttpEnd& end) {
  return end.error == HttpEnd::Error::kNone && end.status >= 200 && end.status < 300;
}

std::string ShowBody(const std::string& model) {
  JsonWriter json;
  json.BeginObject();
  json.Key("model");
  json.String(model);
  json.EndObject();
  return json.text();
}

absl::Status WhyNotReached(const HttpEnd& end) {
  if (end.error == HttpEnd::Error::kNone) {
    return absl::UnavailableError(absl::StrCat("/api/version answers HTTP ", end.status));
  }
  return absl::UnavailableError(end.text.empty() ? "/api/version does not answer" : end.text);
}

}  // namespace

OllamaLook::OllamaLook(HttpClient* http, OllamaLookOptions options, ShownModels* shown,
                       std::function<void(const ModelServerLook&)> on_look)
    : http_(http), options_(std::move(options)), shown_(shown), on_look_(std::move(on_look)) {
  Fetch("/api/version", std::nullopt, options_.timeout, &OllamaLook::TakeVersion);
}

void OllamaLook::Fetch(const std::string& path, std::optional<std::string> json_body,
                       absl::Duration timeout, Next next) {
  HttpRequest request = options_.request;
  request.url += path;
  request.json_body = std::move(json_body);
  request.running_timeout = timeout;
  HttpCallbacks callbacks;
  callbacks.on_body = [this](int, std::string_view bytes) {
    if (body_.size() + bytes.size() <= kMaxBody) body_.append(bytes);
  };
  callbacks.on_end = [this, next](const HttpEnd& end) { (this->*next)(end); };
  body_.clear();
  transfer_ = http_->Start(std::move(request), std::move(callbacks));
}

void OllamaLook::TakeVersion(const HttpEnd& end) {
  if (Answered(end)) look_.version = ReadVersion(body_);
  if (look_.version.empty()) {
    look_.reachable = Answered(end) ? absl::UnavailableError("/api/version tells no version")
                                    : WhyNotReached(end);
    return Finish();
  }
  look_.simulated = IsSimulatorVersion(look_.version);
  Fetch("/api/tags", std::nullopt, options_.timeout, &OllamaLook::TakeTags);
}

void OllamaLook::TakeTags(const HttpEnd& end) {
  if (Answered(end)) look_.models = ReadTags(body_);
  Fetch("/api/ps", std::nullopt, options_.loaded_timeout, &OllamaLook::TakeLoaded);
}

void OllamaLook::TakeLoaded(const HttpEnd& end) {
  if (Answered(end)) look_.loaded = ReadLoaded(body_);
  ShowNext();
}

void OllamaLook::ShowNext() {
  if (!look_.models.has_value()) return Finish();
  for (; next_model_ < look_.models->size(); ++next_model_) {
    v1::Model& model = (*look_.models)[next_model_];
    if (model.capabilities_size() > 0 && model.context_length() > 0) continue;  // told already
    const auto known = shown_->find(model.digest());
    if (known == shown_->end() || model.digest().empty()) {
      if (++asked_ > kMaxShown) break;
      return Fetch("/api/show", ShowBody(model.name()), options_.timeout, &OllamaLook::TakeShown);
    }
    *model.mutable_capabilities() = known->second.capabilities();
    model.set_context_length(known->second.context_length());
  }
  Finish();
}

void OllamaLook::TakeShown(const HttpEnd& end) {
  v1::Model& model = (*look_.models)[next_model_++];
  if (end.error != HttpEnd::Error::kNone) return Finish();  // the rest in the next look
  if (Answered(end) && ReadShow(body_, model) && !model.digest().empty()) {
    (*shown_)[model.digest()] = model;
  }
  ShowNext();
}

void OllamaLook::Finish() {
  // The callback may destroy this.
  const auto on_look = on_look_;
  const ModelServerLook look = std::move(look_);
  on_look(look);
}

}  // namespace genwatch
