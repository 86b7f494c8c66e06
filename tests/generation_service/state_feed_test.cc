#include "generation_service/state_feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace genwatch {
namespace {

using Next = StateFeed::Next;

constexpr size_t kPlenty = 1 << 20;

v1::LeaseFixed Fixed(uint32_t version, uint32_t answer_base = 0) {
  v1::LeaseFixed fixed;
  fixed.set_model("m");
  v1::LeaseBase* base = fixed.add_bases();
  base->set_version(version);
  base->set_answer(answer_base);
  return fixed;
}

v1::WorkerState State(const std::string& job_id, uint32_t version, uint32_t tokens) {
  v1::WorkerState state;
  state.set_job_id(job_id);
  state.set_version(version);
  state.set_tokens(tokens);
  return state;
}

// What a subscriber has put together.
struct Subscriber {
  explicit Subscriber(StateFeed* feed_in, const v1::StreamStatesRequest& known = {})
      : feed(feed_in), cursor(known) {}

  Next Take(size_t budget = kPlenty) {
    v1::StreamStatesResponse message;
    const Next next = feed->Collect(cursor, budget, &message);
    for (const v1::WorkerState& state : message.states()) {
      last = state;
      fixed_seen += state.has_fixed() ? 1 : 0;
      ++states;
      for (const v1::TextPiece& piece : state.pieces()) {
        std::string& text = piece.channel() == v1::CHANNEL_ANSWER ? answer : thinking;
        EXPECT_EQ(piece.offset(), text.size());
        text += piece.text();
      }
    }
    if (message.has_roster()) roster = message.roster();
    return next;
  }

  StateFeed* feed;
  FeedCursor cursor;
  v1::WorkerState last;
  v1::Roster roster;
  std::string answer;
  std::string thinking;
  int fixed_seen = 0;
  int states = 0;
};

TEST(StateFeedTest, SubscriberGetsEachChangeOnce) {
  StateFeed feed;
  Subscriber subscriber(&feed);
  EXPECT_EQ(subscriber.Take(), Next::kNothing);
  feed.Begin("job_1", 3, Fixed(3));
  EXPECT_EQ(subscriber.Take(), Next::kNothing);  // nothing to say about it yet
  feed.Publish(State("job_1", 3, 1), "a", "");
  EXPECT_EQ(subscriber.Take(), Next::kMessage);
  EXPECT_EQ(subscriber.last.sequence(), 1u);
  EXPECT_EQ(subscriber.last.fixed().model(), "m");
  EXPECT_EQ(subscriber.Take(), Next::kNothing);
  feed.Publish(State("job_1", 3, 2), "b", "t");
  EXPECT_EQ(subscriber.Take(), Next::kMessage);
  EXPECT_EQ(subscriber.last.sequence(), 2u);
  EXPECT_FALSE(subscriber.last.has_fixed());
  EXPECT_EQ(subscriber.answer, "ab");
  EXPECT_EQ(subscriber.thinking, "t");
}

TEST(StateFeedTest, LateSubscriberGetsTheWholeText) {
  StateFeed feed;
  feed.Begin("job_1", 3, Fixed(3));
  for (int i = 0; i < 100; ++i) feed.Publish(State("job_1", 3, i), "x", "y");
  Subscriber late(&feed);
  EXPECT_EQ(late.Take(), Next::kMessage);
  EXPECT_EQ(late.states, 1);
  EXPECT_EQ(late.last.tokens(), 99u);
  EXPECT_EQ(late.answer, std::string(100, 'x'));
  EXPECT_EQ(late.thinking, std::string(100, 'y'));
  EXPECT_EQ(late.fixed_seen, 1);
}

TEST(StateFeedTest, SlowSubscriberGetsTheNewestNumbersAndAllText) {
  StateFeed feed;
  Subscriber slow(&feed);
  feed.Begin("job_1", 3, Fixed(3));
  std::string text;
  for (int i = 1; i <= 1'000; ++i) {
    const std::string piece = std::to_string(i) + ";";
    text += piece;
    feed.Publish(State("job_1", 3, i), piece, "");
    if (i % 100 == 0) slow.Take();
  }
  EXPECT_EQ(slow.states, 10);
  EXPECT_EQ(slow.last.sequence(), 1'000u);
  EXPECT_EQ(slow.last.tokens(), 1'000u);
  EXPECT_EQ(slow.answer, text);
}

TEST(StateFeedTest, TextOverTheBudgetComesInSeveralMessages) {
  StateFeed feed;
  Subscriber subscriber(&feed);
  feed.Begin("job_1", 3, Fixed(3));
  feed.Begin("job_2", 1, Fixed(1));
  const std::string text(100'000, 'z');
  feed.Publish(State("job_1", 3, 1), text, "hm");
  feed.Publish(State("job_2", 1, 7), "", "");
  int messages = 0;
  while (subscriber.Take(30'000) == Next::kMessage) ++messages;
  EXPECT_EQ(messages, 4);
  EXPECT_EQ(subscriber.answer, text);
  EXPECT_EQ(subscriber.thinking, "hm");
  EXPECT_EQ(subscriber.last.job_id(), "job_2");
}

TEST(StateFeedTest, SubscriberThatKnowsAPartGetsTheRest) {
  StateFeed feed;
  feed.Begin("job_1", 3, Fixed(3));
  feed.Publish(State("job_1", 3, 1), "0123456789", "");
  v1::StreamStatesRequest request;
  v1::KnownJob* known = request.add_known();
  known->set_job_id("job_1");
  known->set_version(3);
  known->set_answer_bytes(4);
  FeedCursor cursor(request);
  v1::StreamStatesResponse message;
  feed.Collect(cursor, kPlenty, &message);
  ASSERT_EQ(message.states(0).pieces_size(), 1);
  EXPECT_EQ(message.states(0).pieces(0).offset(), 4u);
  EXPECT_EQ(message.states(0).pieces(0).text(), "456789");
  EXPECT_TRUE(message.states(0).has_fixed());
}

TEST(StateFeedTest, WhatWasKnownOfAnotherLeaseIsNotCounted) {
  StateFeed feed;
  feed.Begin("job_1", 5, Fixed(5));
  feed.Publish(State("job_1", 5, 1), "new text", "");
  v1::StreamStatesRequest request;
  v1::KnownJob* known = request.add_known();
  known->set_job_id("job_1");
  known->set_version(3);
  known->set_answer_bytes(4);
  Subscriber subscriber(&feed, request);
  subscriber.Take();
  EXPECT_EQ(subscriber.answer, "new text");
}

TEST(StateFeedTest, KnownLengthInsideACharacterOrPastTheEndIsSafe) {
  for (const uint32_t held : {1u, 100u}) {
    StateFeed feed;
    feed.Begin("job_1", 3, Fixed(3));
    feed.Publish(State("job_1", 3, 1), "\xC3\xA9", "");
    v1::StreamStatesRequest request;
    v1::KnownJob* known = request.add_known();
    known->set_job_id("job_1");
    known->set_version(3);
    known->set_answer_bytes(held);
    FeedCursor cursor(request);
    v1::StreamStatesResponse message;
    EXPECT_EQ(feed.Collect(cursor, kPlenty, &message), Next::kMessage);
    EXPECT_EQ(message.states(0).pieces_size(), held == 1 ? 1 : 0);
  }
}

TEST(StateFeedTest, NewLeaseOfAJobStartsItsTextAnew) {
  StateFeed feed;
  Subscriber subscriber(&feed);
  feed.Begin("job_1", 3, Fixed(3));
  feed.Publish(State("job_1", 3, 9), "old", "");
  subscriber.Take();
  feed.Begin("job_1", 5, Fixed(5));
  feed.Publish(State("job_1", 3, 10), "zombie", "");  // of the old lease
  feed.Publish(State("job_1", 5, 1), "new", "");
  subscriber.answer.clear();
  EXPECT_EQ(subscriber.Take(), Next::kMessage);
  EXPECT_EQ(subscriber.last.version(), 5u);
  EXPECT_EQ(subscriber.last.sequence(), 1u);
  EXPECT_EQ(subscriber.answer, "new");
  EXPECT_EQ(subscriber.fixed_seen, 2);
}

TEST(StateFeedTest, TextStartsAtTheBaseOfTheLease) {
  StateFeed feed;
  feed.Begin("job_1", 3, Fixed(3, /*answer_base=*/50));
  feed.Publish(State("job_1", 3, 1), "more", "");
  FeedCursor cursor{v1::StreamStatesRequest()};
  v1::StreamStatesResponse message;
  feed.Collect(cursor, kPlenty, &message);
  EXPECT_EQ(message.states(0).pieces(0).offset(), 50u);
}

TEST(StateFeedTest, RemovedJobCanBeReadForAWhile) {
  StateFeed feed;
  feed.Begin("job_1", 3, Fixed(3));
  feed.Publish(State("job_1", 3, 1), "end", "");
  feed.Remove("job_1", 3, absl::Seconds(10));
  feed.SetRoster(v1::Roster(), absl::Seconds(12));
  Subscriber behind(&feed);
  behind.Take();
  EXPECT_EQ(behind.answer, "end");
  feed.SetRoster(v1::Roster(), absl::Seconds(13));
  EXPECT_EQ(feed.text_bytes(), 0u);
  Subscriber late(&feed);
  late.Take();
  EXPECT_EQ(late.states, 0);
}

TEST(StateFeedTest, RosterGoesToEachSubscriberOnce) {
  StateFeed feed;
  v1::Roster roster;
  roster.set_instance("w_1");
  feed.SetRoster(roster, absl::ZeroDuration());
  Subscriber subscriber(&feed);
  EXPECT_EQ(subscriber.Take(), Next::kMessage);
  EXPECT_EQ(subscriber.roster.instance(), "w_1");
  EXPECT_EQ(subscriber.Take(), Next::kNothing);
  feed.SetRoster(roster, absl::ZeroDuration());
  EXPECT_EQ(subscriber.Take(), Next::kMessage);
}

TEST(StateFeedTest, MutedFeedSaysNothingAndLosesNothing) {
  StateFeed feed;
  Subscriber subscriber(&feed);
  feed.Begin("job_1", 3, Fixed(3));
  feed.SetMuted(true);
  feed.Publish(State("job_1", 3, 1), "a", "");
  feed.Publish(State("job_1", 3, 2), "b", "");
  EXPECT_EQ(subscriber.Take(), Next::kNothing);
  feed.SetMuted(false);
  EXPECT_EQ(subscriber.Take(), Next::kMessage);
  EXPECT_EQ(subscriber.answer, "ab");
}

TEST(StateFeedTest, ShutdownEndsSubscribersThatHaveEverything) {
  StateFeed feed;
  Subscriber subscriber(&feed);
  feed.Begin("job_1", 3, Fixed(3));
  feed.Publish(State("job_1", 3, 1), "last words", "");
  feed.Shutdown();
  EXPECT_EQ(subscriber.Take(), Next::kMessage);
  EXPECT_EQ(subscriber.answer, "last words");
  EXPECT_EQ(subscriber.Take(), Next::kEnd);
}

TEST(StateFeedTest, PublishingAndReadingAtOnceLosesNothing) {
  constexpr int kStates = 2'000;
  StateFeed feed;
  std::atomic<int> woken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      const auto subscription = feed.Subscribe([&woken] { ++woken; });
      Subscriber subscriber(&feed);
      while (subscriber.last.tokens() < kStates) subscriber.Take(/*budget=*/64);
      while (subscriber.Take() != Next::kNothing) {
      }
      EXPECT_EQ(subscriber.answer, std::string(kStates, 'a'));
      EXPECT_EQ(subscriber.thinking, std::string(kStates, 't'));
    });
  }
  feed.Begin("job_1", 3, Fixed(3));
  for (int i = 1; i <= kStates; ++i) {
    feed.Publish(State("job_1", 3, i), "a", "t");
    feed.WakeSubscribers();
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(StateFeedTest, SubscriptionsAreWokenUntilTheyEnd) {
  StateFeed feed;
  int woken = 0;
  auto subscription = feed.Subscribe([&woken] { ++woken; });
  EXPECT_EQ(woken, 0);
  feed.WakeSubscribers();
  EXPECT_EQ(woken, 1);
  subscription.reset();
  feed.WakeSubscribers();
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace genwatch
