// Logits → one token per row, with log probabilities. The order of the steps is vLLM's: log
// probabilities come from the raw logits; then repetition, frequency and presence penalties, bias,
// temperature, top-k, top-p, min-p.
//
// params[row] is the word at which the row's block begins:
//   0 temperature f32 · 1 top_p f32 · 2 top_k · 3 min_p f32 · 4 repetition f32 · 5 frequency f32 ·
//   6 presence f32 7 uniform f32 in [0, 1) · 8 alternatives wanted (−1: no log probabilities) · 9
//   history entries · 10 bias entries · 11 words of allowed tokens, 0 for all; then history (id,
//   times generated; 0 if only in the prompt), then bias (id, f32), then a bit per allowed token.
// A token that is not allowed is no candidate: nothing that is added to its logit brings it back.
// y row: token (−1 if no logit is a number), its log probability, then pairs (id, log probability),
// best first.
#include <math.h>
#include <string.h>

#include <algorithm>
#include <vector>

#include "kernels.h"

namespace vireo {

namespace {

struct Candidate {
  float logit;
  int32_t id;
};
// Higher logit first, then lower id: a total order, so that ties are settled the same way
// everywhere.
bool better(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

struct RowParams {
  const int32_t* words;
  float real(int i) const {
    float f;
    memcpy(&f, words + i, 4);
    return f;
  }
  int32_t integer(int i) const { return words[i]; }
  // A bit for every allowed token, or nothing where all are.
  const uint32_t* allowed() const {
    if (integer(11) == 0) return nullptr;
    return (const uint32_t*)words + 12 + 2 * ((int64_t)integer(9) + integer(10));
  }
};

void penalise(const RowParams& p, std::vector<float>& logits) {
  const float repetition = p.real(4), frequency = p.real(5), presence = p.real(6);
  const int32_t *entry = p.words + 12, history = p.integer(9), bias = p.integer(10);
  const int64_t vocabulary = (int64_t)logits.size();
  for (int32_t i = 0; i < history; ++i, entry += 2) {
    if (entry[0] < 0 || entry[0] >= vocabulary) continue;
    float& logit = logits[(size_t)entry[0]];
    logit = logit > 0.0f ? logit / repetition : logit * repetition;
    logit -= frequency * (float)entry[1] + (entry[1] > 0 ? presence : 0.0f);
  }
  for (int32_t i = 0; i < bias; ++i, entry += 2) {
    float value;
    memcpy(&value, entry + 1, 4);
    if (entry[0] >= 0 && entry[0] < vocabulary) logits[(size_t)entry[0]] += value;
  }
}

int32_t argmax(const float* logits, int64_t count) {
  int32_t best = -1;
  float top = -INFINITY;
  for (int64_t i = 0; i < count; ++i)
    if (logits[i] > top || (best < 0 && logits[i] == logits[i])) top = logits[i], best = (int32_t)i;
  return best;
}

// The same over the allowed tokens alone. Most words are 0 inside of a structure and all ones
// inside of a text, so both are quick.
int32_t argmax_allowed(const float* logits, int64_t count, const uint32_t* allowed) {
  int32_t best = -1;
  float top = -INFINITY;
  for (int64_t from = 0; from < count; from += 32) {
    uint32_t bits = allowed[from / 32];
    if (bits == 0xffffffffu && from + 32 <= count) {
      float most = -INFINITY;
      for (int64_t i = from; i < from + 32; ++i) most = logits[i] > most ? logits[i] : most;
      if (most <= top && best >= 0) continue;
    }
    for (; bits; bits &= bits - 1) {
      const int64_t i = from + __builtin_ctz(bits);
      if (i >= count) break;
      if (logits[i] > top || (best < 0 && logits[i] == logits[i]))
        top = logits[i], best = (int32_t)i;
    }
  }
  return best;
}

void forbid_others(const uint32_t* allowed, std::vector<float>& logits) {
  const size_t count = logits.size();
  for (size_t from = 0; from < count; from += 32) {
    uint32_t bits = ~allowed[from / 32];
    for (; bits; bits &= bits - 1) {
      const size_t i = from + (size_t)__builtin_ctz(bits);
      if (i >= count) break;
      logits[i] = NAN;
    }
  }
}

int32_t draw(const RowParams& p, const std::vector<float>& logits) {
  const float inverse = 1.0f / p.real(0), top_p = p.real(1), min_p = p.real(3);
  std::vector<Candidate> kept;
  kept.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] > -INFINITY) kept.push_back({logits[i] * inverse, (int32_t)i});
  if (kept.empty()) return argmax(logits.data(), (int64_t)logits.size());
  const size_t top_k = p.integer(2) > 0 ? std::min((size_t)p.integer(2), kept.size()) : kept.size();
  if (top_k < kept.size()) {
    std::nth_element(kept.begin(), kept.begin() + (long)top_k - 1, kept.end(), better);
    kept.resize(top_k);
  }
  const float top = std::min_element(kept.begin(), kept.end(), better)->logit;
  // Tokens a millionth of a millionth as likely as the best cannot be drawn with a 24-bit number:
  // sort without them.
  const float below = min_p > 0.0f ? std::clamp(logf(min_p), -28.0f, 0.0f) : -28.0f;
  const float floor = top + below;
  kept.erase(std::remove_if(kept.begin(), kept.end(),
                            [floor](const Candidate& c) { return c.logit < floor; }),
             kept.end());
  std::sort(kept.begin(), kept.end(), better);
  double total = 0.0;
  std::vector<double> weight(kept.size());
  for (size_t i = 0; i < kept.size(); ++i) total += weight[i] = exp((double)kept[i].logit - top);
  if (top_p < 1.0f) {
    double running = 0.0;
    size_t count = 0;
    while (count < kept.size() && running < (double)top_p * total) running += weight[count++];
    total = running;
    kept.resize(std::max<size_t>(count, 1));
  }
  const double target = (double)p.real(7) * total;
  double running = 0.0;
  for (size_t i = 0; i < kept.size(); ++i) {
    running += weight[i];
    if (target < running) return kept[i].id;
  }
  return kept.back().id;
}

void log_probabilities(const float* logits, int64_t count, int32_t token, int32_t wanted,
                       float* y) {
  float top = -INFINITY;
  for (int64_t i = 0; i < count; ++i) top = logits[i] > top ? logits[i] : top;
  double total = 0.0;
  for (int64_t i = 0; i < count; ++i)
    total += logits[i] == logits[i] ? (double)expf(logits[i] - top) : 0.0;
  const float base = top + (float)log(total);
  y[1] = logits[token] - base;
  if (wanted <= 0) return;
  std::vector<Candidate> best;
  for (int64_t i = 0; i < count; ++i) {
    const Candidate c = {logits[i], (int32_t)i};
    if (logits[i] != logits[i] || ((int32_t)best.size() == wanted && !better(c, best.back())))
      continue;
    best.insert(std::upper_bound(best.begin(), best.end(), c, better), c);
    if ((int32_t)best.size() > wanted) best.pop_back();
  }
  for (size_t i = 0; i < best.size(); ++i) {
    y[2 + 2 * i] = (float)best[i].id;
    y[3 + 2 * i] = best[i].logit - base;
  }
}

}  // namespace

void sample(const SampleArgs& a, int part, int parts) {
  const int64_t vocabulary = a.logits.cols;
  std::vector<float> logits;
  for (int64_t row = part; row < a.logits.rows; row += parts) {
    const RowParams p = {a.params + a.params[row]};
    const float* raw = a.logits.data + row * a.logits.stride;
    float* y = a.y.data + row * a.y.stride;
    std::fill(y, y + a.y.cols, 0.0f);
    const bool plain = p.integer(9) == 0 && p.integer(10) == 0;
    const uint32_t* allowed = p.allowed();
    int32_t token;
    if (plain && p.real(0) <= 0.0f) {
      token = allowed ? argmax_allowed(raw, vocabulary, allowed) : argmax(raw, vocabulary);
    } else {
      logits.assign(raw, raw + vocabulary);
      penalise(p, logits);
      if (allowed) forbid_others(allowed, logits);
      token = p.real(0) <= 0.0f ? argmax(logits.data(), vocabulary) : draw(p, logits);
    }
    y[0] = (float)token;
    if (token >= 0 && p.integer(8) >= 0) log_probabilities(raw, vocabulary, token, p.integer(8), y);
  }
}

}  // namespace vireo
