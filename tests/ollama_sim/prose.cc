#include "tests/ollama_sim/prose.h"

#include <cctype>
#include <span>

#include "tests/ollama_sim/tokenizer.h"
#include "tests/ollama_sim/utf8.h"

namespace genwatch::ollama_sim {
namespace {

// A "%" in these stands for the topic.
constexpr std::string_view kOpeners[] = {
    "",
    "",
    "",
    "In practice, ",
    "As a rule, ",
    "Curiously, ",
    "At first glance, ",
    "Step by step, ",
    "For what it's worth, ",
    "More often than not, ",
};
constexpr std::string_view kSubjects[] = {
    "%",
    "%",
    "%",
    "the question of %",
    "a small café in Zürich",
    "the old harbour",
    "a patient gardener",
    "the north wind",
    "an honest estimate",
    "a good index",
    "the second draft",
    "the night train to Málaga",
    "the library (図書館)",
    "every careful reader",
    "a queue with one server",
    "the naïve approach",
};
constexpr std::string_view kVerbs[] = {
    "depends on",         "keeps a record of", "rewards",    "slowly changes",
    "borrows from",       "explains",          "hides",      "measures",
    "outlives",           "leads back to",     "asks for",   "is built on",
    "is nothing without", "teaches us about",  "stands for", "begins with",
};
constexpr std::string_view kObjects[] = {
    "the weather of the week before",
    "a handful of plain rules",
    "its own past",
    "the smallest details",
    "what nobody wrote down",
    "the price of bread",
    "three or four quiet habits",
    "the shape of the coast",
    "a clear error message",
    "the time it takes",
    "日本語 and other scripts",
    "crème brûlée after a long day",
    "the order in which things happen",
    "a second pair of eyes",
    "less than people think",
    "the distance between two stations",
};
constexpr std::string_view kTails[] = {
    "",
    "",
    "",
    ", and that is enough",
    " when the light is right",
    " — at least in theory",
    ", as everyone in Kraków knows",
    " for about ten minutes",
    " without any fuss",
    ", roughly 37 % of the time",
    " (there → and back again)",
    ", \"more or less\"",
};
constexpr std::string_view kHeadings[] = {
    "Where to begin", "Why it matters", "A closer look at %",   "What can go wrong", "In short",
    "The long view",  "Details",        "An example from Łódź",
};
constexpr std::string_view kTerms[] = {
    "Patience", "Scale",  "Habit",  "Temperature", "Order",
    "Limits",   "Résumé", "Timing", "Cost",        "Drift",
};
constexpr std::string_view kClosings[] = {
    "Let me know if you want more detail. 🙂",
    "That is the whole story. ✅",
    "ありがとう, and good luck! 🚀",
    "Happy to go deeper into any of these points.",
};
constexpr std::string_view kThoughtOpeners[] = {
    "Okay, the question is about %.",
    "Hmm, let me think about % for a moment.",
    "The user wants something about %, so I should be careful.",
};
constexpr std::string_view kThoughtLinks[] = {
    "First, ", "Wait, ", "But then ", "On the other hand, ",
    "So ",     "Also, ", "Hmm, ",     "I could say that ",
};
constexpr std::string_view kCode[] = {
    "```python\ndef estimate(samples: list[float]) -> float:\n    \"\"\"Median of the "
    "samples.\"\"\"\n"
    "    ordered = sorted(samples)\n    return ordered[len(ordered) // "
    "2]\n\n\nprint(estimate([3.5, 1.25, 2.0]))\n"
    "```",
    "```cpp\n#include <vector>\n\nint Sum(const std::vector<int>& values) {\n  int sum = 0;\n  for "
    "(int value : "
    "values) sum += value;\n  return sum;  // 0 if empty\n}\n```",
    "```go\nfunc keys(m map[string]int) []string {\n\tout := make([]string, 0, len(m))\n\tfor k := "
    "range m {\n"
    "\t\tout = append(out, k)\n\t}\n\treturn out\n}\n```",
    "```sql\nSELECT city, COUNT(*) AS visits\nFROM trips\nWHERE city <> 'Zürich' AND days > "
    "2\nGROUP BY city;\n"
    "```",
    "| step | takes | note |\n|---|---|---|\n| mix | 5 min | until smooth |\n| rest | 1 h | at 20 "
    "°C |\n| bake | "
    "35 min | < 220 °C |",
};

// A block of code is begun only where so many tokens are still to be said.
constexpr int kRoomForCode = 90;

std::string_view Pick(std::span<const std::string_view> from, Random* random) {
  return from[random->Below(static_cast<uint32_t>(from.size()))];
}

std::string Fill(std::string_view pattern, std::string_view topic) {
  std::string out;
  for (const char c : pattern) {
    if (c == '%') {
      out += topic;
    } else {
      out += c;
    }
  }
  return out;
}

std::string Capitalised(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string Clause(std::string_view topic, Random* random) {
  std::string out(Fill(Pick(kSubjects, random), topic));
  out += ' ';
  out += Pick(kVerbs, random);
  out += ' ';
  out += Pick(kObjects, random);
  out += Pick(kTails, random);
  return out;
}

// Collects text and counts its tokens as it grows.
class Page {
 public:
  explicit Page(int tokens) : wanted_(tokens) {}

  void Add(std::string_view text) {
    text_ += text;
    tokens_ += static_cast<int>(Tokenize(text).size());
  }
  bool Full() const { return tokens_ >= wanted_; }
  int Room() const { return wanted_ - tokens_; }
  bool Empty() const { return text_.empty(); }
  std::string Take() { return std::move(text_); }

 private:
  int wanted_;
  int tokens_ = 0;
  std::string text_;
};

void AddParagraph(std::string_view topic, Random* random, Page* page) {
  const uint32_t sentences = 2 + random->Below(4);
  for (uint32_t i = 0; i < sentences && !page->Full(); ++i) {
    if (i > 0) page->Add(" ");
    page->Add(Sentence(topic, random));
  }
}

void AddList(std::string_view topic, Random* random, Page* page) {
  const bool numbered = random->Below(2) == 0;
  const uint32_t items = 2 + random->Below(4);
  for (uint32_t i = 0; i < items && !page->Full(); ++i) {
    if (i > 0) page->Add("\n");
    std::string item = numbered ? std::to_string(i + 1) + ". **" : "- **";
    item += Pick(kTerms, random);
    item += "**: ";
    item += Clause(topic, random) + ".";
    page->Add(item);
  }
}

void AddBlock(std::string_view topic, Random* random, Page* page) {
  const uint32_t choice = random->Below(10);
  if (choice < 5) {
    AddParagraph(topic, random, page);
  } else if (choice < 7) {
    AddList(topic, random, page);
  } else if (choice < 8) {
    page->Add("> " + Sentence(topic, random));
  } else if (page->Room() > kRoomForCode) {
    page->Add("For instance:\n\n");
    page->Add(Pick(kCode, random));
  } else {
    page->Add("## " + Fill(Pick(kHeadings, random), topic) + "\n\n");
    AddParagraph(topic, random, page);
  }
}

bool IsWordCharacter(uint32_t value) {
  return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') ||
         (value >= 0xC0 && value < 0xFFFD);
}

}  // namespace

std::string Sentence(std::string_view topic, Random* random) {
  return Capitalised(std::string(Pick(kOpeners, random)) + Clause(topic, random)) + ".";
}

std::string Prose(std::string_view topic, int tokens, Random* random) {
  Page page(tokens);
  while (page.Empty() || !page.Full()) {
    if (page.Empty()) {
      AddParagraph(topic, random, &page);
    } else {
      page.Add("\n\n");
      AddBlock(topic, random, &page);
    }
  }
  std::string text = page.Take();
  if (random->Below(3) == 0) {
    text += "\n\n";
    text += Pick(kClosings, random);
  }
  return text;
}

std::string Thoughts(std::string_view topic, int tokens, Random* random) {
  Page page(tokens);
  page.Add(Fill(Pick(kThoughtOpeners, random), topic));
  while (!page.Full()) {
    page.Add(random->Below(4) == 0 ? "\n\n" : " ");
    page.Add(std::string(Pick(kThoughtLinks, random)) + Clause(topic, random) + ".");
  }
  return page.Take();
}

std::string TopicOf(std::string_view prompt) {
  constexpr size_t kLongest = 24;  // bytes; longer ones are rarely words
  constexpr size_t kShortest = 4;
  constexpr size_t kLookAt = 4096;
  prompt = prompt.substr(0, kLookAt);
  std::string best;
  std::string word;
  const auto consider = [&] {
    if (word.size() > best.size() && word.size() <= kLongest) best = word;
    word.clear();
  };
  while (!prompt.empty()) {
    const CodePoint point = ReadCodePoint(prompt);
    if (point.valid && IsWordCharacter(point.value)) {
      word.append(prompt.substr(0, point.bytes));
    } else {
      consider();
    }
    prompt.remove_prefix(point.bytes);
  }
  consider();
  return best.size() >= kShortest ? best : "the question";
}

}  // namespace genwatch::ollama_sim
