#include "tests/ollama_sim/generation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "tests/ollama_sim/clock.h"
#include "tests/ollama_sim/json_writer.h"
#include "tests/ollama_sim/random.h"
#include "tests/ollama_sim/sse_lines.h"
#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

// Before a reset the client gets this long to read what was sent.
constexpr int64_t kBeforeResetNs = 20 * kNsPerMs;
// Chunks come up to this part of a token's time late, each on its own; delays don't add up.
constexpr double kJitter = 0.3;

constexpr std::string_view kTrailingBytes =
    "<!-- from a proxy "
    "-->\n\xff\xfe{\"response\":\"late\",\"message\":{\"content\":\"late\"},\"done\":false}\n";

double RateOf(const Model& model, const Directive& directive, double speed) {
  constexpr double kSlowest = 1e-3;
  return std::max(directive.rate.value_or(model.tokens_per_second * speed), kSlowest);
}

std::string Stamp() {
  char text[32];
  text[0] = '@';
  char* const end = std::to_chars(text + 1, text + sizeof(text) - 1, WallNs() / kNsPerUs).ptr;
  *end = ';';
  return std::string(text, end + 1);
}

}  // namespace

int64_t NumCtxOf(const Model& model, const ApiRequest& request) {
  const int64_t wanted = request.num_ctx > 0 ? request.num_ctx : kDefaultNumCtx;
  return std::min<int64_t>(wanted, model.context_length);
}

Generation::Generation(const Simulation& simulation, Connection* connection, HttpRequest request,
                       const Model& model, Question question, Answer answer, uint64_t record_id)
    : sim_(simulation),
      connection_(connection),
      request_(std::move(request)),
      model_(model),
      question_(std::move(question)),
      answer_(std::move(answer)),
      record_id_(record_id),
      lines_(question_.request, model.name, question_.directive),
      writer_(connection, question_.directive, request_.keep_alive),
      rate_(RateOf(model, question_.directive, simulation.speed)),
      bytes_before_(connection->bytes_written()),
      received_ns_(MonotonicNs()) {
  if (question_.directive.final_text && !answer_.chunks.empty()) {
    held_ = std::move(answer_.chunks.back());
    answer_.chunks.pop_back();
  }
  held_.tool_call = answer_.final_tool_call;
}

Generation::~Generation() {
  sim_.loop->Cancel(&timer_);
  if (ticket_ != RunnerPool::kRejected) sim_.runners->Release(ticket_);
  if (phase_ >= 0) sim_.phases->Give(phase_);
}

void Generation::Begin() {
  record().state = "loading";
  ticket_ = sim_.runners->Request({.model = &model_,
                                   .num_ctx = NumCtxOf(model_, question_.request),
                                   .load_ms = question_.directive.load_ms,
                                   .keep_alive_ns = question_.request.keep_alive_ns,
                                   .slot = !question_.empty,
                                   .on_loaded = [this] { OnLoaded(); },
                                   .on_slot = [this] { OnSlot(); }});
  if (ticket_ == RunnerPool::kRejected) {
    Fail(JsonFailure(503, "server busy, please try again.  maximum pending requests exceeded"));
  }
}

void Generation::OnLoaded() {
  loaded_ns_ = MonotonicNs();
  record().loaded_us = sim_.log->NowUs();
  record().state = "waiting";
  if (question_.empty) AnswerPreload();
}

void Generation::AnswerPreload() {
  const bool unload = question_.request.keep_alive_ns == 0;
  const std::string body = lines_.DoneLine({}, unload ? "unload" : "load", {}, 0, WallNs());
  SendWhole(connection_, request_, 200, kJsonType, body);
  End("completed");
}

void Generation::OnSlot() {
  slot_ns_ = MonotonicNs();
  record().slot_us = sim_.log->NowUs();
  record().state = "prompt";
  const Directive& directive = question_.directive;
  if (directive.fault == Fault::kStallBefore) return;
  const double prompt_ns =
      directive.prompt_ms
          ? static_cast<double>(*directive.prompt_ms * kNsPerMs)
          : answer_.prompt_tokens * 1e9 / (model_.prompt_tokens_per_second * sim_.speed);
  first_ns_ = slot_ns_ + static_cast<int64_t>(prompt_ns);
  if (model_.kind == ModelKind::kBench) {
    const double period = 1e9 / rate_;
    phase_ = sim_.phases->Take();
    const double offset = Phases::Fraction(phase_) * period;
    const double turns = std::ceil((static_cast<double>(first_ns_) - offset) / period);
    first_ns_ = static_cast<int64_t>(turns * period + offset);
  }
  ScheduleNext();
}

// When the chunk is due; that of chunks.size() is the done object.
int64_t Generation::DueNs(size_t chunk) const {
  const Directive& directive = question_.directive;
  double tokens = tokens_before_;
  if (model_.kind != ModelKind::kBench) {
    // A chunk is complete with its last token; the tokens that end an answer take their time as
    // well.
    tokens = chunk < answer_.chunks.size() ? tokens_before_ + answer_.chunks[chunk].tokens - 1
                                           : std::max(tokens_before_, answer_.eval_count - 1);
    if (directive.burst > 1) tokens = std::floor(tokens / directive.burst) * directive.burst;
    if (!directive.rate) {
      tokens += kJitter * Random(record_id_ << 32 | chunk).Below(1000) / 1000.0;
    }
  }
  return first_ns_ + static_cast<int64_t>(tokens * 1e9 / rate_);
}

RequestRecord& Generation::record() {
  RequestRecord* const kept = sim_.log->Find(record_id_);
  return kept != nullptr ? *kept : forgotten_;
}

void Generation::ScheduleNext() {
  const int64_t due_ns = DueNs(next_chunk_);
  timer_ = sim_.loop->At(due_ns, [this] {
    timer_ = EventLoop::kNoTimer;
    Tick();
  });
}

void Generation::Tick() {
  if (connection_->Backlogged()) {
    waits_for_client_ = true;  // a real server's write would block now
    return;
  }
  if (question_.directive.fault == Fault::kStatus) {
    return Fail(MakeFailure(question_.directive, model_.name));
  }
  if (model_.kind == ModelKind::kBroken) return Fail(JsonFailure(500, kRunnerStopped));
  if (FaultHere()) return;
  if (next_chunk_ == answer_.chunks.size()) return WriteDone();
  WriteChunk();
  ScheduleNext();
}

void Generation::OnDrained() {
  if (!waits_for_client_) return;
  waits_for_client_ = false;
  first_ns_ += MonotonicNs() - DueNs(next_chunk_);
  ScheduleNext();
}

void Generation::WriteChunk() {
  const Directive& directive = question_.directive;
  Chunk& chunk = answer_.chunks[next_chunk_];
  if (model_.kind == ModelKind::kBench) {
    sim_.lateness->Add((MonotonicNs() - DueNs(next_chunk_)) / kNsPerUs);
    chunk.text = Stamp();
  }
  if (Streams()) {
    const size_t huge_chunk = std::min<size_t>(1, answer_.chunks.size() - 1);
    Write(lines_.ChunkLine(chunk, WallNs(), next_chunk_ == huge_chunk ? directive.huge : 0));
  }
  RequestRecord& shown = record();
  shown.text += ToValidUtf8(chunk.text);
  shown.thinking += ToValidUtf8(chunk.thinking);
  ++shown.chunks;
  shown.tokens += chunk.tokens;
  sim_.log->CountText(chunk.text.size() + chunk.thinking.size());
  tokens_before_ += chunk.tokens;
  ++next_chunk_;
}

void Generation::Write(std::string line) {
  const Directive& directive = question_.directive;
  line += lines_.LineEnd();
  const bool first = !std::exchange(wrote_, true);
  if (directive.bom && first) line.insert(0, "\xEF\xBB\xBF");
  if (directive.empty_lines) line += lines_.LineEnd();
  if (first) record().first_byte_us = sim_.log->NowUs();
  writer_.Line(line);
  if (!first) return;
  record().state = "generating";
  sim_.log->Event("first_byte", "\"request\":" + std::to_string(record_id_));
}

Statistics Generation::StatisticsNow() const {
  const int64_t now_ns = MonotonicNs();
  return {.total_ns = now_ns - received_ns_,
          .load_ns = loaded_ns_ - received_ns_,
          .prompt_eval_count = answer_.prompt_tokens,
          .prompt_eval_ns = first_ns_ - slot_ns_,
          .eval_count = answer_.eval_count,
          .eval_ns = now_ns - first_ns_};
}

void Generation::WriteDone() {
  if (!Streams()) return AnswerUnstreamed(/*done=*/true);
  const Directive& directive = question_.directive;
  const bool spoken = model_.kind != ModelKind::kBench && model_.kind != ModelKind::kNoop;
  const bool has_context =
      question_.request.api == Api::kGenerate && !question_.request.raw && spoken;
  const int context_ints =
      directive.context_ints.value_or(has_context ? answer_.prompt_tokens + answer_.eval_count : 0);
  const std::string line =
      lines_.DoneLine(held_, answer_.done_reason, StatisticsNow(), context_ints, WallNs());
  RequestRecord& shown = record();
  shown.text += ToValidUtf8(held_.text);
  shown.thinking += ToValidUtf8(held_.thinking);
  shown.tokens = answer_.eval_count;
  Write(line);
  if (directive.second_done) Write(line);
  if (directive.trailing) writer_.Line(kTrailingBytes);
  writer_.End();
  End("completed");
}

void Generation::AnswerUnstreamed(bool done) {
  Chunk whole = held_;
  whole.text = record().text + held_.text;
  whole.thinking = record().thinking + held_.thinking;
  record().text = ToValidUtf8(whole.text);
  record().thinking = ToValidUtf8(whole.thinking);
  const std::string body =
      done ? lines_.WholeLine(whole, answer_.done_reason, StatisticsNow(), WallNs())
           : lines_.ChunkLine(whole, WallNs());
  SendWhole(connection_, request_, 200, kJsonType, body);
  End(done ? "completed" : "failed");
}

bool Generation::FaultHere() {
  const Directive& directive = question_.directive;
  // A fault behind the last chunk comes before the done object.
  const size_t place =
      std::min<size_t>(static_cast<size_t>(directive.after), answer_.chunks.size());
  if (fault_done_ || directive.fault == Fault::kNone || next_chunk_ != place) return false;
  fault_done_ = true;
  switch (directive.fault) {
    case Fault::kRstBefore:
      ResetSoon();
      return true;
    case Fault::kStallAfter:
      writer_.FlushJoined();
      return true;
    case Fault::kErrorLine: {
      const std::string text = directive.error_text.value_or(std::string(kRunnerDiedMidStream));
      if (!Streams()) {
        Fail(JsonFailure(500, text));
        return true;
      }
      Write(lines_.ErrorLine(text));
      writer_.End();
      End("failed");
      return true;
    }
    case Fault::kEofAfter:
      if (Streams()) {
        writer_.End();
        End("failed");
      } else {
        AnswerUnstreamed(/*done=*/false);
      }
      return true;
    case Fault::kRstAfter:
    case Fault::kFinMidChunk: {
      const Chunk next = next_chunk_ < answer_.chunks.size() ? answer_.chunks[next_chunk_] : held_;
      if (Streams()) writer_.HalfChunk(lines_.ChunkLine(next, WallNs()) + "\n");
      if (directive.fault == Fault::kRstAfter) {
        ResetSoon();
      } else {
        connection_->FinishAnswer(/*keep_alive=*/false);
        End("failed");
      }
      return true;
    }
    case Fault::kMalformed:
      if (Streams()) Write(R"({"model":"sim","response":"broken,"done":false)");
      return false;
    default:
      return false;
  }
}

void Generation::ResetSoon() {
  timer_ = sim_.loop->At(MonotonicNs() + kBeforeResetNs, [this] {
    timer_ = EventLoop::kNoTimer;
    End("failed");
    connection_->Reset();
  });
}

void Generation::Fail(const Failure& failure) {
  const bool plain = question_.request.dialect == Dialect::kOllama || failure.message.empty();
  const std::string body =
      plain ? failure.body
            : NestedErrorJson(question_.request.dialect, failure.status, failure.message);
  SendWhole(connection_, request_, failure.status, failure.content_type, body,
            failure.extra_header);
  End("failed");
}

void Generation::OnPeerGone() {
  sim_.loop->Cancel(&timer_);
  if (question_.directive.wedge) {
    sim_.runners->Wedge(ticket_);
    ticket_ = RunnerPool::kRejected;
  }
  End("cancelled");
}

void Generation::End(const char* state) {
  sim_.loop->Cancel(&timer_);
  if (ticket_ != RunnerPool::kRejected)
    sim_.runners->Release(std::exchange(ticket_, RunnerPool::kRejected));
  if (phase_ >= 0) sim_.phases->Give(std::exchange(phase_, -1));
  RequestRecord& ended = record();
  ended.state = state;
  ended.ended_us = sim_.log->NowUs();
  ended.bytes = connection_->bytes_written() - bytes_before_;
  if (ended.bytes > 0) ended.last_byte_us = sim_.log->ToUs(connection_->last_write_ns());
  std::string members =
      "\"request\":" + std::to_string(record_id_) + ",\"state\":\"" + state + "\"";
  members += ",\"bytes\":" + std::to_string(ended.bytes);
  if (ended.bytes > 0) {
    members += ",\"since_first_byte_us\":" + std::to_string(ended.ended_us - ended.first_byte_us);
    members += ",\"since_last_byte_us\":" + std::to_string(ended.ended_us - ended.last_byte_us);
  }
  sim_.log->Event("end", members);
}

}  // namespace genwatch::ollama_sim
