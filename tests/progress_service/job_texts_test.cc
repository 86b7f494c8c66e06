#include "progress_service/job_texts.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace genwatch {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

JobTexts::Leases LeasesOf(const std::vector<LeaseBases::Lease>& leases) {
  JobTexts::Leases messages;
  for (const LeaseBases::Lease& lease : leases) {
    v1::LeaseBase* const base = messages.Add();
    base->set_version(lease.version);
    base->set_answer(lease.bases[0]);
    base->set_thinking(lease.bases[1]);
  }
  return messages;
}

v1::TextPiece Answer(uint32_t offset, const std::string& text) {
  v1::TextPiece piece;
  piece.set_channel(v1::CHANNEL_ANSWER);
  piece.set_offset(offset);
  piece.set_text(text);
  return piece;
}

TEST(LeaseBasesTest, StandingIsThatOfTheVectors) {
  std::ifstream file(GENWATCH_CURSOR_VECTORS);
  std::stringstream text;
  text << file.rdbuf();
  Struct vectors;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(text.str(), &vectors).ok());
  const auto& cases = vectors.fields().at("standing").list_value().values();
  ASSERT_GE(cases.size(), 10);
  for (const Value& one : cases) {
    const auto& fields = one.struct_value().fields();
    const auto number = [&fields](const std::string& name) {
      return static_cast<uint32_t>(fields.at(name).number_value());
    };
    LeaseBases bases;
    for (const Value& lease : fields.at("bases").list_value().values()) {
      const auto& base = lease.struct_value().fields();
      bases.Merge(static_cast<uint32_t>(base.at("version").number_value()),
                  {static_cast<uint32_t>(base.at("base").number_value()), 0});
    }
    EXPECT_EQ(bases.Standing(0, number("offset"), number("text_version")), number("standing"))
        << one.ShortDebugString();
  }
}

TEST(GrowingTextTest, PiecesInAnyOrderOverlapAndRepetitionMakeTheText) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::string whole;
    for (uint32_t i = 0; i < 300; ++i) whole.push_back(static_cast<char>('a' + random() % 26));
    GrowingText text;
    // One source tells it in order with overlaps, from somewhere in the middle on; another fills.
    size_t told = random() % 200;
    size_t filled = 0;
    while (text.size() < whole.size()) {
      if (random() % 2 == 0 && told < whole.size()) {
        const size_t from = told - std::min<size_t>(told, random() % 5);
        const size_t to = std::min(whole.size(), told + random() % 20);
        ASSERT_TRUE(text.Merge(from, whole.substr(from, to - from)));
        told = std::max(told, to);
      } else {
        const size_t to = std::min(whole.size(), text.size() + random() % 30);
        filled = text.size() - std::min<size_t>(text.size(), random() % 10);
        ASSERT_TRUE(text.Merge(filled, whole.substr(filled, to - filled)));
      }
      ASSERT_EQ(text.held(), whole.substr(0, text.size()));
    }
  }
}

TEST(GrowingTextTest, AContradictionIsNotTaken) {
  GrowingText text;
  ASSERT_TRUE(text.Merge(0, "hello"));

  EXPECT_FALSE(text.Merge(3, "p me"));

  EXPECT_EQ(text.held(), "hello");
}

TEST(GrowingTextTest, CharacterBordersAreKnownForWhatIsHeld) {
  GrowingText text;
  ASSERT_TRUE(text.Merge(0, "a\u00e4b"));

  EXPECT_TRUE(text.IsCharacterBorder(1));
  EXPECT_FALSE(text.IsCharacterBorder(2));
  EXPECT_TRUE(text.IsCharacterBorder(3));
  EXPECT_TRUE(text.IsCharacterBorder(99));
}

TEST(JobTextsTest, ANewLeaseThatStartsOverForgetsTheText) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "first attempt"));

  texts.Running(4, LeasesOf({{2, {0, 0}}, {4, {0, 0}}}));

  EXPECT_EQ(texts.held(0), "");
  EXPECT_EQ(texts.text_version(), 4);
  EXPECT_EQ(texts.Standing(0, 13, 2), 0);
}

TEST(JobTextsTest, ABaseIsFinalWithTheFirstTextAfterIt) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "kept"));
  texts.NoteWorkerLengths({4, 0});
  texts.NotRunning({}, {4, 0});

  texts.Running(4, LeasesOf({{4, {4, 0}}}));
  EXPECT_EQ(texts.text_version(), 2) << "the model may still refuse to continue";

  texts.MergePiece(Answer(4, " and more"));
  texts.NoteWorkerLengths({13, 0});
  EXPECT_EQ(texts.text_version(), 4);
  EXPECT_EQ(texts.held(0), "kept and more");
}

TEST(JobTextsTest, ALoweredBaseResetsThoseWhoWereNotGivenIt) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "kept"));
  texts.NoteWorkerLengths({4, 0});
  texts.Running(4, LeasesOf({{4, {4, 0}}}));

  texts.Running(4, LeasesOf({{4, {0, 0}}}));

  EXPECT_EQ(texts.held(0), "");
  EXPECT_EQ(texts.text_version(), 4);
  EXPECT_EQ(texts.Standing(0, 4, 2), 0);
}

TEST(JobTextsTest, APieceThatContradictsAnOpenBaseLowersIt) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "kept"));
  texts.NoteWorkerLengths({4, 0});
  texts.Running(4, LeasesOf({{4, {4, 0}}}));

  EXPECT_TRUE(texts.MergePiece(Answer(0, "other")));

  EXPECT_EQ(texts.held(0), "other");
  EXPECT_EQ(texts.Standing(0, 4, 2), 0);
}

TEST(JobTextsTest, TheEndOfALeaseCutsToWhatIsKept) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "shown but not stored"));

  texts.NotRunning(LeasesOf({{2, {0, 0}}}), {5, 0});

  EXPECT_EQ(texts.held(0), "shown");
  EXPECT_FALSE(texts.Missing());
  EXPECT_EQ(texts.Standing(0, 20, 2), 5);
}

TEST(JobTextsTest, TheEndOfALeaseThatWasNeverHeardOfIsFilledUp) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "old"));

  // Meanwhile lease 4 started over and stored six bytes.
  texts.NotRunning(LeasesOf({{2, {0, 0}}, {4, {0, 0}}}), {6, 0});

  EXPECT_EQ(texts.held(0), "");
  ASSERT_TRUE(texts.Missing(0));
  texts.MergeStored(Answer(0, "second and too much"), texts.epoch());
  EXPECT_EQ(texts.held(0), "second");
  EXPECT_FALSE(texts.Missing());
}

TEST(JobTextsTest, WhatWasReadBeforeTheTextFellIsNotTaken) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "old text"));
  const uint64_t epoch = texts.epoch();
  texts.Running(4, LeasesOf({{4, {0, 0}}}));

  texts.MergeStored(Answer(0, "old text, more"), epoch);

  EXPECT_EQ(texts.held(0), "");
}

TEST(JobTextsTest, ADiscardedTextIsReadAgainAndJoinsWithTheFeed) {
  JobTexts texts;
  texts.Running(2, LeasesOf({{2, {0, 0}}}));
  texts.MergePiece(Answer(0, "0123"));
  texts.NoteWorkerLengths({4, 0});

  texts.Discard();
  texts.MergePiece(Answer(4, "45"));
  texts.NoteWorkerLengths({6, 0});
  EXPECT_EQ(texts.bytes(), 0);
  EXPECT_EQ(texts.NeedlessBytes(0), 6);

  texts.Resume();
  texts.MergePiece(Answer(6, "67"));
  texts.NoteWorkerLengths({8, 0});
  ASSERT_TRUE(texts.Missing(0));
  EXPECT_EQ(texts.held(0), "");
  texts.MergeStored(Answer(0, "0123"), texts.epoch());
  ASSERT_TRUE(texts.Missing(0));
  texts.MergeStored(Answer(4, "45"), texts.epoch());
  EXPECT_EQ(texts.held(0), "01234567");
  EXPECT_FALSE(texts.Missing());
}

}  // namespace
}  // namespace genwatch
