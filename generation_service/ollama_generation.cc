#include "generation_service/ollama_generation.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "generation_service/ndjson_parser.h"
#include "generation_service/ollama_reports.h"

namespace genwatch {
namespace {

// What is read of an error page.
constexpr size_t kMaxErrorBody = 64 << 10;
// After the done object only the end of the body is missing. Reading it lets the connection be used
// again; a server that does not send it is not waited for.
constexpr absl::Duration kLinger = absl::Seconds(1);
// What is left for an answer whose time went by while its model was loaded.
constexpr absl::Duration kShortestRun = absl::Seconds(1);

bool IsSuccess(int status) { return status >= 200 && status < 300; }

Failure LimitFailure(Failure::Kind kind, absl::Duration limit) {
  Failure failure;
  failure.kind = kind;
  failure.limit = limit;
  return failure;
}

Failure::Transport TransportOf(HttpEnd::Error error) {
  switch (error) {
    case HttpEnd::Error::kResolve:
      return Failure::Transport::kResolve;
    case HttpEnd::Error::kConnect:
      return Failure::Transport::kConnect;
    case HttpEnd::Error::kTls:
      return Failure::Transport::kTls;
    case HttpEnd::Error::kReset:
      return Failure::Transport::kReset;
    case HttpEnd::Error::kTruncated:
      return Failure::Transport::kTruncated;
    case HttpEnd::Error::kBadEncoding:
      return Failure::Transport::kBadEncoding;
    default:
      return Failure::Transport::kOther;
  }
}

// One conversation. Keeps itself alive until it has ended or was cancelled, so that its callbacks
// may drop the handle.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(EventLoop* loop, HttpClient* http, const HttpRequest& limits,
               std::function<void(const GenerationEvent&)> on_event)
      : loop_(loop),
        http_(http),
        first_byte_timeout_(limits.first_byte_timeout),
        silence_timeout_(limits.silence_timeout),
        running_timeout_(limits.running_timeout),
        on_event_(std::move(on_event)) {}

  void Start(HttpRequest request) {
    HttpCallbacks callbacks;
    callbacks.on_body = [self = shared_from_this()](int status, std::string_view bytes) {
      self->Read(status, bytes);
    };
    callbacks.on_end = [self = shared_from_this()](const HttpEnd& end) { self->End(end); };
    transfer_ = http_->Start(std::move(request), std::move(callbacks));
  }

  // `request` follows when `preload` was answered.
  void StartWithPreload(HttpRequest preload, HttpRequest request) {
    preload_.emplace();
    preload_->begun = loop_->Now();
    preload_->request = std::move(request);
    HttpCallbacks callbacks;
    callbacks.on_body = [self = shared_from_this()](int status, std::string_view bytes) {
      self->ReadPreload(status, bytes);
    };
    callbacks.on_end = [self = shared_from_this()](const HttpEnd& end) { self->EndPreload(end); };
    transfer_ = http_->Start(std::move(preload), std::move(callbacks));
  }

  // The handle was dropped.
  void Drop() {
    dropped_ = true;
    if (!over_) Close();
  }

 private:
  void Tell(const GenerationEvent& event) {
    if (!dropped_) on_event_(event);
  }

  // The last event.
  void TellEnd(const GenerationEvent& event) {
    if (std::exchange(over_, true)) return;
    Tell(event);
  }

  struct Preload {
    absl::Duration begun;
    HttpRequest request;
    NdjsonParser parser;
    bool answered = false;
  };

  void ReadPreload(int status, std::string_view bytes) {
    if (over_ || preload_->answered) return;
    if (!IsSuccess(status)) return Read(status, bytes);
    preload_->parser.Feed(bytes, [this](const AnswerEvent& event) { HearPreload(event); });
  }

  // The done object says that the model is loaded; so does text, by a server that answers even
  // nothing with something.
  void HearPreload(const AnswerEvent& event) {
    if (over_ || preload_->answered) return;
    if (const auto* text = std::get_if<AnswerText>(&event)) {
      preload_->answered = !text->answer.empty() || !text->thinking.empty();
    } else if (std::holds_alternative<AnswerDone>(event)) {
      preload_->answered = true;
    } else {
      Hear(event);
    }
    if (preload_->answered) FollowSoon();
  }

  void EndPreload(const HttpEnd& end) {
    if (!over_ && end.error == HttpEnd::Error::kNone && IsSuccess(end.status)) {
      preload_->parser.Finish([this](const AnswerEvent& event) { HearPreload(event); });
    }
    if (over_) return Close();
    if (preload_->answered) return;  // it follows
    // A server that knows no such request, or has nothing to say to it, gets the real one.
    constexpr int kBadRequest = 400;
    if (end.error != HttpEnd::Error::kNone ||
        (!IsSuccess(end.status) && end.status != kBadRequest)) {
      return End(end);
    }
    preload_->answered = true;
    FollowSoon();
  }

  // Not at once: the transfer that is to go is what calls.
  void FollowSoon() {
    follow_timer_ =
        loop_->RunAfter(absl::ZeroDuration(), [self = shared_from_this()] { self->Follow(); });
  }

  // The answer to the preload is in.
  void Follow() {
    follow_timer_ = 0;
    if (over_) return;
    HttpRequest request = std::move(preload_->request);
    const absl::Duration left = running_timeout_ - (loop_->Now() - preload_->begun);
    if (running_timeout_ > absl::ZeroDuration()) {
      request.running_timeout = std::max(left, kShortestRun);
    }
    preload_.reset();
    error_body_.clear();
    transfer_.reset();
    const auto self = shared_from_this();
    Tell(ModelLoaded());
    if (!over_) Start(std::move(request));
  }

  void Read(int status, std::string_view bytes) {
    if (over_) return;
    if (!IsSuccess(status)) {
      error_body_.append(bytes.substr(0, kMaxErrorBody - error_body_.size()));
      if (error_body_.size() < kMaxErrorBody) return;
      HttpEnd end;
      end.status = status;
      return End(end);
    }
    if (!std::exchange(started_, true)) Tell(AnswerStarted());
    parser_.Feed(bytes, [this](const AnswerEvent& event) { Hear(event); });
  }

  void Hear(const AnswerEvent& event) {
    if (over_) return;  // dropped by the listener of an event before
    if (const auto* text = std::get_if<AnswerText>(&event)) {
      Tell(*text);
    } else if (const auto* done = std::get_if<AnswerDone>(&event)) {
      Linger();
      TellEnd(*done);
    } else if (const auto* error = std::get_if<AnswerError>(&event)) {
      Failure failure;
      failure.kind = Failure::Kind::kErrorLine;
      failure.server_text = error->text;
      TellEnd(failure);
      Close();
    } else if (const auto* malformed = std::get_if<AnswerMalformed>(&event)) {
      Failure failure;
      failure.kind = malformed->kind == AnswerMalformed::Kind::kLineTooLong
                         ? Failure::Kind::kLineTooLong
                         : Failure::Kind::kNotJson;
      TellEnd(failure);
      Close();
    }
  }

  void End(const HttpEnd& end) {
    if (!over_) {
      if (end.error == HttpEnd::Error::kNone && IsSuccess(end.status)) {
        parser_.Finish([this](const AnswerEvent& event) { Hear(event); });
      }
      if (!over_) TellEnd(FailureOf(end));
    }
    Close();
  }

  Failure FailureOf(const HttpEnd& end) const {
    Failure failure;
    switch (end.error) {
      case HttpEnd::Error::kFirstByteTimeout:
        return LimitFailure(Failure::Kind::kFirstByteTimeout, first_byte_timeout_);
      case HttpEnd::Error::kSilenceTimeout:
        return LimitFailure(Failure::Kind::kSilenceTimeout, silence_timeout_);
      case HttpEnd::Error::kRunningTimeout:
        return LimitFailure(Failure::Kind::kRunningTimeout, running_timeout_);
      default:
        break;
    }
    // A status that says enough counts also when its body was cut.
    if (end.status != 0 && !IsSuccess(end.status)) {
      failure.kind = Failure::Kind::kStatus;
      failure.http_status = end.status;
      failure.server_text = ReadError(error_body_);
      failure.retry_after = end.retry_after;
      failure.answer_started = true;
      return failure;
    }
    failure.answer_started = end.answer_started;
    if (end.error == HttpEnd::Error::kNone) {
      failure.kind = Failure::Kind::kIncomplete;
      return failure;
    }
    failure.kind = Failure::Kind::kTransport;
    failure.transport = TransportOf(end.error);
    failure.transport_text = end.text;
    return failure;
  }

  void Linger() {
    linger_timer_ = loop_->RunAfter(kLinger, [self = shared_from_this()] { self->Close(); });
  }

  // Cuts the circle of references, too: nothing calls back from here on. Whoever calls holds one.
  void Close() {
    over_ = true;
    loop_->Cancel(std::exchange(linger_timer_, 0));
    loop_->Cancel(std::exchange(follow_timer_, 0));
    transfer_.reset();
  }

  EventLoop* const loop_;
  HttpClient* const http_;
  const absl::Duration first_byte_timeout_;
  const absl::Duration silence_timeout_;
  const absl::Duration running_timeout_;
  const std::function<void(const GenerationEvent&)> on_event_;
  NdjsonParser parser_;
  std::string error_body_;
  bool started_ = false;            // AnswerStarted was told
  bool over_ = false;               // the last event was told
  bool dropped_ = false;            // nobody listens any more
  std::optional<Preload> preload_;  // until it was answered
  EventLoop::Timer linger_timer_ = 0;
  EventLoop::Timer follow_timer_ = 0;
  std::unique_ptr<HttpTransfer> transfer_;
};

class Handle : public Generation {
 public:
  explicit Handle(std::shared_ptr<Conversation> conversation)
      : conversation_(std::move(conversation)) {}
  ~Handle() override { conversation_->Drop(); }

 private:
  const std::shared_ptr<Conversation> conversation_;
};

}  // namespace

std::unique_ptr<Generation> StartOllamaGeneration(
    EventLoop* loop, HttpClient* http, HttpRequest request, std::optional<HttpRequest> preload,
    std::function<void(const GenerationEvent&)> on_event) {
  auto conversation = std::make_shared<Conversation>(loop, http, request, std::move(on_event));
  if (preload.has_value()) {
    conversation->StartWithPreload(*std::move(preload), std::move(request));
  } else {
    conversation->Start(std::move(request));
  }
  return std::make_unique<Handle>(std::move(conversation));
}

}  // namespace genwatch
