#include "generation_service/curl/http_client.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "common/log.h"
#include "generation_service/curl/handles.h"
#include "generation_service/curl/transfer.h"

namespace genwatch {
namespace {

// Idle connections that are kept for the next request.
constexpr long kIdleConnections = 64;

void Check(CURLMcode code, const char* call) {
  if (code == CURLM_OK) return;
  // Only misuse leads here; going on would leave jobs without an end.
  LogError("libcurl refuses a call", {{"call", call}, {"error", curl_multi_strerror(code)}});
  std::abort();
}

uint32_t EpollEvents(int what) {
  uint32_t events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  return events;
}

// A hang-up or an error is found out by reading or writing.
int CurlEvents(uint32_t events) {
  int bits = 0;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) bits |= CURL_CSELECT_IN;
  if ((events & (EPOLLOUT | EPOLLERR)) != 0) bits |= CURL_CSELECT_OUT;
  return bits;
}

}  // namespace

// Libcurl must not be called from inside of its own callbacks, but callers may start and destroy
// transfers anywhere: what comes while `depth_` is not 0 is done when libcurl has returned.
class HttpClient::Impl {
 public:
  explicit Impl(EventLoop* loop) : loop_(loop), multi_((InitCurl(), curl_multi_init())) {
    if (multi_ == nullptr) std::abort();
    CURLM* const multi = multi_.get();
    Check(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &OnSocket), "SOCKETFUNCTION");
    Check(curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this), "SOCKETDATA");
    Check(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &OnTimer), "TIMERFUNCTION");
    Check(curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this), "TIMERDATA");
    Check(curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING), "PIPELINING");
    Check(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kIdleConnections), "MAXCONNECTS");
  }

  ~Impl() {
    while (!active_.empty()) {
      const std::shared_ptr<CurlTransfer> transfer = active_.begin()->second.transfer;
      Remove(transfer.get());
      // They may hold the transfer's own handle: a circle that nothing else would cut.
      transfer->DropCallbacks();
    }
    // Closing idle connections calls OnSocket, but needs no timer.
    multi_.reset();
    loop_->Cancel(timer_);
  }

  std::shared_ptr<CurlTransfer> Start(HttpRequest request, HttpCallbacks callbacks) {
    auto transfer = std::make_shared<CurlTransfer>(std::move(request), std::move(callbacks),
                                                   loop_->Now(), loop_);
    Active active;
    active.transfer = transfer;
    active_.emplace(transfer.get(), std::move(active));
    Later({transfer.get(), /*add=*/true});
    return transfer;
  }

  // Nothing more is called, and the connection is closed, unless the transfer has ended before.
  void Abandon(CurlTransfer* transfer) {
    transfer->Detach();
    if (active_.count(transfer) > 0) Later({transfer, /*add=*/false});
  }

 private:
  struct Active {
    std::shared_ptr<CurlTransfer> transfer;
    EventLoop::Timer limit_timer = 0;
    bool added = false;
  };
  struct Deferred {
    CurlTransfer* transfer;
    bool add;  // else remove
  };

  static int OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    static_cast<Impl*>(self)->WatchSocket(fd, what);
    return 0;
  }

  static int OnTimer(CURLM*, long timeout_ms, void* self) {
    static_cast<Impl*>(self)->SetTimer(timeout_ms);
    return 0;
  }

  void WatchSocket(int fd, int what) {
    if (what == CURL_POLL_REMOVE) {
      loop_->Unwatch(fd);
      return;
    }
    loop_->Watch(fd, EpollEvents(what),
                 [this, fd](uint32_t events) { Act(fd, CurlEvents(events)); });
  }

  void SetTimer(long timeout_ms) {
    loop_->Cancel(std::exchange(timer_, 0));
    if (timeout_ms < 0) return;
    timer_ = loop_->RunAfter(absl::Milliseconds(timeout_ms), [this] {
      timer_ = 0;
      Act(CURL_SOCKET_TIMEOUT, 0);
    });
  }

  void Act(curl_socket_t fd, int events) {
    ++depth_;
    int running = 0;
    Check(curl_multi_socket_action(multi_.get(), fd, events, &running), "socket_action");
    --depth_;
    Settle();
  }

  void Later(Deferred deferred) {
    deferred_.push_back(deferred);
    if (depth_ == 0) Settle();
  }

  // Does what was deferred and hands out what has ended, until there is nothing left.
  void Settle() {
    if (settling_) return;
    settling_ = true;
    while (true) {
      if (!deferred_.empty()) {
        const Deferred next = deferred_.front();
        deferred_.erase(deferred_.begin());
        if (next.add) {
          Add(next.transfer);
        } else {
          Remove(next.transfer);
        }
        continue;
      }
      int left = 0;
      const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
      if (message == nullptr) break;
      if (message->msg != CURLMSG_DONE) continue;
      CurlTransfer* transfer = CurlTransfer::Of(message->easy_handle);
      End(transfer, transfer->EndOf(message->data.result));
    }
    settling_ = false;
  }

  void Add(CurlTransfer* transfer) {
    const auto found = active_.find(transfer);
    if (found == active_.end() || transfer->detached()) return;
    found->second.added = true;
    ++depth_;
    Check(curl_multi_add_handle(multi_.get(), transfer->easy()), "add_handle");
    --depth_;
    WatchLimits(transfer);
  }

  void Remove(CurlTransfer* transfer) {
    const auto found = active_.find(transfer);
    if (found == active_.end()) return;
    const Active active = std::move(found->second);
    active_.erase(found);
    loop_->Cancel(active.limit_timer);
    if (!active.added) return;
    ++depth_;
    Check(curl_multi_remove_handle(multi_.get(), transfer->easy()), "remove_handle");
    --depth_;
  }

  void End(CurlTransfer* transfer, const HttpEnd& end) {
    const auto found = active_.find(transfer);
    if (found == active_.end()) return;
    const std::shared_ptr<CurlTransfer> held = found->second.transfer;
    Remove(transfer);
    held->CallOnEnd(end);
  }

  // Bytes move the limit of silence, so the timer looks again when it fires, instead of being set
  // anew with each of them.
  void WatchLimits(CurlTransfer* transfer) {
    const auto found = active_.find(transfer);
    if (found == active_.end()) return;
    found->second.limit_timer = 0;
    const HttpEnd::Error exceeded = transfer->ExceededLimit(loop_->Now());
    if (exceeded != HttpEnd::Error::kNone) {
      End(transfer, transfer->EndOf(exceeded));
      Settle();
      return;
    }
    const absl::Duration limit = transfer->NextLimit();
    if (limit == absl::InfiniteDuration()) return;
    // The first byte may bring the limit nearer, but not nearer than one silence from now.
    const absl::Duration wait = std::min(limit - loop_->Now(), transfer->silence_timeout());
    found->second.limit_timer = loop_->RunAfter(wait, [this, transfer] { WatchLimits(transfer); });
  }

  EventLoop* const loop_;
  CurlMulti multi_;
  std::map<CurlTransfer*, Active> active_;
  std::vector<Deferred> deferred_;
  EventLoop::Timer timer_ = 0;
  int depth_ = 0;
  bool settling_ = false;
};

class HttpClient::Handle : public HttpTransfer {
 public:
  Handle(std::weak_ptr<HttpClient::Impl> impl, std::shared_ptr<CurlTransfer> transfer)
      : impl_(std::move(impl)), transfer_(std::move(transfer)) {}
  ~Handle() override {
    if (const auto impl = impl_.lock()) impl->Abandon(transfer_.get());
  }

 private:
  const std::weak_ptr<HttpClient::Impl> impl_;
  const std::shared_ptr<CurlTransfer> transfer_;
};

HttpClient::HttpClient(EventLoop* loop) : impl_(std::make_shared<Impl>(loop)) {}
HttpClient::~HttpClient() = default;

std::unique_ptr<HttpTransfer> HttpClient::Start(HttpRequest request, HttpCallbacks callbacks) {
  auto transfer = impl_->Start(std::move(request), std::move(callbacks));
  return std::make_unique<Handle>(impl_, std::move(transfer));
}

}  // namespace genwatch
