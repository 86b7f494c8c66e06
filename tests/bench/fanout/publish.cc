// bench_nchan_publish PORT PATH JOB_ID RATE CHUNKS
//
// The source of the peer's channel: CHUNKS messages at RATE a second to an nchan publisher on this
// machine, each what our `text` event of such a chunk has as data. The text is the instant of
// its writing. Ends when all are accepted; exit status 1 if one is not.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

using std::chrono::system_clock;

// Reads the answers to that many messages; false if one is no success.
bool AllAccepted(int fd, int64_t messages) {
  std::string answers;
  char buffer[65536];
  while (messages > 0) {
    const ssize_t count = recv(fd, buffer, sizeof(buffer), 0);
    if (count <= 0) return false;
    answers.append(buffer, static_cast<size_t>(count));
    for (size_t head; messages > 0 && (head = answers.find("\r\n\r\n")) != std::string::npos;) {
      const size_t length_at = answers.find("Content-Length: ");
      size_t length = 0;
      if (length_at < head) length = static_cast<size_t>(std::atoll(&answers[length_at + 16]));
      if (answers.size() < head + 4 + length) break;
      if (answers.compare(0, 10, "HTTP/1.1 2") != 0) return false;
      answers.erase(0, head + 4 + length);
      --messages;
    }
  }
  return true;
}

int Run(uint16_t port, const std::string& path, const std::string& job_id, double rate,
        int64_t chunks) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    std::perror("bench_nchan_publish");
    return 1;
  }
  // Answers are not waited for: a model goes on writing however late its readers are.
  bool accepted = false;
  std::thread answers([&] { accepted = AllAccepted(fd, chunks); });
  const auto begin = system_clock::now();
  int64_t offset = 0;
  for (int64_t i = 0; i < chunks; ++i) {
    std::this_thread::sleep_until(begin + std::chrono::duration_cast<system_clock::duration>(
                                              std::chrono::duration<double>(i / rate)));
    const int64_t stamp_us = std::chrono::duration_cast<std::chrono::microseconds>(
                                 system_clock::now().time_since_epoch())
                                 .count();
    char text[32];
    const int length =
        std::snprintf(text, sizeof(text), "@%lld;", static_cast<long long>(stamp_us));
    char body[512];
    const int size = std::snprintf(
        body, sizeof(body),
        R"({"job_id":"%s","attempt":1,"channel":"answer","text_offset":%lld,"text_end":%lld,"text":"%s"})",
        job_id.c_str(), static_cast<long long>(offset), static_cast<long long>(offset + length),
        text);
    offset += length;
    std::string request = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ";
    request.append(std::to_string(size)).append("\r\n\r\n").append(body);
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      shutdown(fd, SHUT_RDWR);
      break;
    }
  }
  answers.join();
  close(fd);
  if (!accepted) std::fprintf(stderr, "bench_nchan_publish: a message was not accepted\n");
  return accepted ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: bench_nchan_publish PORT PATH JOB_ID RATE CHUNKS\n");
    return 2;
  }
  return Run(static_cast<uint16_t>(std::atoi(argv[1])), argv[2], argv[3], std::atof(argv[4]),
             std::atoll(argv[5]));
}
