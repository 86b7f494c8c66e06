#ifndef GENWATCH_TESTS_CHAOS_HARNESS_FREE_PORT_H_
#define GENWATCH_TESTS_CHAOS_HARNESS_FREE_PORT_H_

namespace genwatch::chaos {

// A TCP port of 127.0.0.1 that nobody listens at, below those that the kernel gives to clients: a
// server that is down for a while finds its port free again, and a client that knocks meanwhile
// can't be connected to itself. Ends the process if there is none.
int FreePort();

}  // namespace genwatch::chaos

#endif  // GENWATCH_TESTS_CHAOS_HARNESS_FREE_PORT_H_
