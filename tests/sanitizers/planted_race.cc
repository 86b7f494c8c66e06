// A race on purpose: two threads write a plain variable without a lock. The test passes only if
// ThreadSanitizer reports it, which shows that a clean run of the other tests means something.

#include <cstdio>
#include <thread>

namespace {

int shared = 0;

void Write() {
  for (int i = 0; i < 1000; ++i) ++shared;
}

}  // namespace

int main() {
  std::thread other(Write);
  Write();
  other.join();
  std::printf("%d\n", shared);
  return 0;
}
