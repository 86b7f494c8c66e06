#include "generation_service/noop_client.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace genwatch {
namespace {

// What was heard in one conversation. Of the loop's thread.
struct Heard {
  std::string text;
  int started = 0;
  int done = 0;

  void Take(const GenerationEvent& event) {
    if (const auto* answer = std::get_if<AnswerText>(&event)) text += answer->answer;
    if (std::holds_alternative<AnswerStarted>(event)) ++started;
    if (std::holds_alternative<AnswerDone>(event)) ++done;
  }
};

class NoopClientTest : public testing::Test {
 protected:
  ~NoopClientTest() override { loop_.Stop(); }

  EventLoop loop_{"noop"};
  NoopClient client_{&loop_};
};

TEST_F(NoopClientTest, JobIsCompletedAtOnce) {
  Heard heard;
  std::unique_ptr<Generation> generation;
  loop_.RunSync([&] {
    generation = client_.Generate({}, [&](const GenerationEvent& event) { heard.Take(event); });
    EXPECT_EQ(heard.started, 0) << "told inside the call";
  });
  loop_.RunSync([] {});
  EXPECT_EQ(heard.text, "ok");
  EXPECT_EQ(heard.started, 1);
  EXPECT_EQ(heard.done, 1);
}

TEST_F(NoopClientTest, DroppedConversationSaysNothing) {
  Heard heard;
  loop_.RunSync([&] {
    client_.Generate({}, [&](const GenerationEvent& event) { heard.Take(event); }).reset();
  });
  loop_.RunSync([] {});
  EXPECT_EQ(heard.started + heard.done, 0);
}

TEST_F(NoopClientTest, ListenerMayDropTheConversation) {
  Heard heard;
  std::unique_ptr<Generation> generation;
  loop_.RunSync([&] {
    generation = client_.Generate({}, [&](const GenerationEvent& event) {
      heard.Take(event);
      generation.reset();
    });
  });
  loop_.RunSync([] {});
  EXPECT_EQ(heard.started, 1);
  EXPECT_EQ(heard.done, 0);
}

TEST_F(NoopClientTest, OffersOneModelThatIsLoaded) {
  ModelServerLook look;
  loop_.RunSync([&] { client_.Look([&](const ModelServerLook& seen) { look = seen; }); });
  loop_.RunSync([] {});
  EXPECT_TRUE(look.reachable.ok());
  ASSERT_EQ(look.models->size(), 1u);
  EXPECT_EQ(look.models->front().name(), "noop");
  EXPECT_EQ(look.loaded->count("noop"), 1u);
}

}  // namespace
}  // namespace genwatch
