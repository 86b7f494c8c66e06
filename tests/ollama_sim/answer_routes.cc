// POST /api/generate and /api/chat: checks, and who fails how.
#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/random.h"
#include "tests/ollama_sim/server.h"
#include "tests/ollama_sim/sse_lines.h"

namespace genwatch::ollama_sim {
namespace {

// So many different prompts are counted; then counting starts anew.
constexpr size_t kMaxPrompts = 100'000;

constexpr std::string_view kPromptTooLong =
    "the prompt is longer than the context length currently available to the model";

struct Refusal {
  int status = 0;  // 0: none
  std::string text;
};

std::string DoesNotSupport(const Model& model, std::string_view what) {
  return "\"" + std::string(model.name) + "\" does not support " + std::string(what);
}

Refusal Check(const ApiRequest& request, const Model* model) {
  if (request.api == Api::kChat && request.model.empty()) return {400, "model is required"};
  if (model == nullptr) return {404, "model '" + request.model + "' not found"};
  if (request.raw && !request.system.empty()) {
    return {400, "raw mode does not support template, system, or context"};
  }
  if (request.has_suffix) return {400, DoesNotSupport(*model, "insert")};
  if (request.has_images) return {400, DoesNotSupport(*model, "vision")};
  if (request.has_tools && !model->uses_tools) return {400, DoesNotSupport(*model, "tools")};
  if (request.think == ApiRequest::Think::kOn && !model->thinks) {
    return {400, DoesNotSupport(*model, "thinking")};
  }
  return {};
}

// Both are the words of llama.cpp's server, which Ollama hands on.
Refusal CheckPartialAnswer(const Question& question, const Model& model) {
  if (!question.partial.given) return {};
  if (question.partial.twice)
    return {400, "Cannot have 2 or more assistant messages at the end of the list."};
  if (PrefillOf(model, question) == Prefill::kRefuse)
    return {400, "Assistant response prefill is incompatible with enable_thinking."};
  return {};
}

void ApplyScenario(const std::vector<ScenarioRule>& rules, Question* question) {
  for (const ScenarioRule& rule : rules) {
    const bool model_fits = rule.model == "*" || rule.model == question->request.model;
    const bool prompt_fits =
        rule.prompt == "*" || question->prompt_key.find(rule.prompt) != std::string::npos;
    if (model_fits && prompt_fits) {
      question->directive = TakeDirective("[[sim: " + rule.orders + "]]").directive;
      return;
    }
  }
}

// One of three ways, by the prompt.
void MakeFlaky(uint64_t hash, Directive* directive) {
  switch (hash % 3) {
    case 0:
      directive->fault = Fault::kErrorLine;
      break;
    case 1:
      directive->fault = Fault::kStatus;
      directive->status = 500;
      break;
    default:
      directive->fault = Fault::kEofAfter;
      break;
  }
  directive->after = 3 + static_cast<int>(hash / 3 % 30);
}

// What the model's runner says comes after loading and reading the prompt, other refusals at once.
bool AnswersAtOnce(const Directive& directive) {
  if (directive.fault != Fault::kStatus || directive.load_ms || directive.prompt_ms) return false;
  return directive.status < 500 || directive.status == 503;
}

}  // namespace

void Server::PostGenerate(Connection* connection, const HttpRequest& request) {
  AnswerApi(ParseApiRequest(Api::kGenerate, request.body), connection, request);
}

void Server::PostChat(Connection* connection, const HttpRequest& request) {
  AnswerApi(ParseApiRequest(Api::kChat, request.body), connection, request);
}

void Server::PostOpenAiChat(Connection* connection, const HttpRequest& request) {
  AnswerApi(ParseDialectRequest(Dialect::kOpenAi, request.body), connection, request);
}

void Server::PostLlamaCppCompletion(Connection* connection, const HttpRequest& request) {
  ApiRequestOrError parsed = ParseDialectRequest(Dialect::kLlamaCpp, request.body);
  // Such a server has one model.
  if (parsed.request.model.empty()) parsed.request.model = AllModels().front().name;
  AnswerApi(std::move(parsed), connection, request);
}

void Server::ChooseFault(const Model& model, Question* question) {
  uint64_t hash = Random(HashAdd(kHashStart, question->prompt_key)).Next();
  if (times_asked_.size() > kMaxPrompts) times_asked_.clear();
  const int times_before = times_asked_[hash]++;
  Directive& directive = question->directive;
  if (directive.fail_first && times_before >= *directive.fail_first)
    directive = directive.WithoutFault();
  const bool chooses = model.kind == ModelKind::kFlaky && directive.fault == Fault::kNone;
  if (chooses && !directive.fail_first && times_before == 0) MakeFlaky(hash, &directive);
}

void Server::AnswerApi(ApiRequestOrError parsed, Connection* connection,
                       const HttpRequest& request) {
  const Dialect dialect = parsed.request.dialect;
  const auto refuse = [&](int status, std::string_view text) {
    SendWhole(
        connection, request, status, kJsonType,
        dialect == Dialect::kOllama ? ErrorJson(text) : NestedErrorJson(dialect, status, text));
  };
  RequestRecord& record = log_.NewRequest();
  record.connection = connection->id();
  record.path = request.path;
  record.model = parsed.request.model;
  std::string members = "\"request\":" + std::to_string(record.id);
  members += ",\"connection\":" + std::to_string(connection->id());
  members += ",\"path\":\"" + request.path + "\",\"model\":";
  AppendJsonString(record.model, JsonEscapes::kGo, &members);
  log_.Event("request", members);
  record.state = "failed";  // unless it goes further
  record.ended_us = record.received_us;
  if (!parsed.error.empty()) return refuse(400, parsed.error);
  const Model* const model = FindPresentModel(parsed.request.model);
  const Refusal refusal = Check(parsed.request, model);
  if (refusal.status != 0) return refuse(refusal.status, refusal.text);

  Question question = ReadQuestion(std::move(parsed.request));
  record.prompt = question.PromptStart(RequestRecord::kPromptBytes);
  record.prefill_bytes = question.partial.given ? std::ssize(question.partial.text) : -1;
  if (!question.error.empty()) return refuse(400, question.error);
  if (question.prompt_key.find("[[sim:") == std::string::npos)
    ApplyScenario(options_.scenario, &question);
  if (question.empty && dialect != Dialect::kOllama) return refuse(400, "nothing is asked");
  if (dialect != Dialect::kOllama && !question.directive.content_type)
    question.directive.content_type = "text/event-stream";
  if (question.empty && question.request.keep_alive_ns == 0) runners_.Unload(*model);
  if (!question.empty) ChooseFault(*model, &question);
  if (AnswersAtOnce(question.directive)) {
    const Failure failure = MakeFailure(question.directive, model->name);
    if (dialect != Dialect::kOllama && !failure.message.empty())
      return refuse(failure.status, failure.message);
    return SendWhole(connection, request, failure.status, failure.content_type, failure.body,
                     failure.extra_header);
  }
  if (const Refusal refused = CheckPartialAnswer(question, *model); refused.status != 0)
    return refuse(refused.status, refused.text);
  Answer answer = question.empty ? Answer() : MakeAnswer(options_.seed, *model, question);
  if (const int64_t num_ctx = NumCtxOf(*model, question.request); answer.prompt_tokens > num_ctx) {
    if (!question.request.truncate) return refuse(400, kPromptTooLong);
    answer.prompt_tokens = static_cast<int>(num_ctx);
  }
  record.ended_us = -1;
  auto generation = std::make_unique<Generation>(simulation_, connection, request, *model,
                                                 std::move(question), std::move(answer), record.id);
  Generation* const begun = generation.get();
  connection->Begin(std::move(generation));
  begun->Begin();
}

}  // namespace genwatch::ollama_sim
