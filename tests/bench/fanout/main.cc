// bench_sse_load HOST PORT VIEWERS CHUNKS [--warm_up N] [--start COMMAND] [--slow N] [--pid PID]...
//                PATH...
//
// Opens VIEWERS event streams, runs COMMAND when all are there, and reads until each has CHUNKS
// chunks of the simulator's bench model, whose text is the instant of its writing. Both clocks are
// this machine's. One JSON object on stdout. Exit status: 0; 2 for bad usage, 3 when not all
// viewers were answered.

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/bench/fanout/load.h"

int main(int argc, char** argv) {
  genwatch::bench::LoadOptions options;
  const auto usage = [] {
    std::fputs(
        "usage: bench_sse_load HOST PORT VIEWERS CHUNKS [--warm_up N] [--start COMMAND]"
        " [--slow N] [--pid PID]... PATH...\n",
        stderr);
    return 2;
  };
  if (argc < 6) return usage();
  options.host = argv[1];
  options.port = static_cast<uint16_t>(std::atoi(argv[2]));
  options.viewers = static_cast<size_t>(std::atoll(argv[3]));
  options.chunks = std::atoll(argv[4]);
  for (int i = 5; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word.substr(0, 2) != "--") {
      options.paths.emplace_back(word);
      continue;
    }
    if (++i == argc) return usage();
    if (word == "--warm_up") {
      options.warm_up = std::atoll(argv[i]);
    } else if (word == "--start") {
      options.start = argv[i];
    } else if (word == "--slow") {
      options.slow_viewers = static_cast<size_t>(std::atoll(argv[i]));
    } else if (word == "--pid") {
      options.pids.push_back(std::atoi(argv[i]));
    } else {
      return usage();
    }
  }
  if (options.viewers == 0 || options.chunks <= 0 || options.paths.empty()) return usage();
  genwatch::bench::Load load(std::move(options));
  if (!load.Run()) return 3;
  load.Report();
  return 0;
}
