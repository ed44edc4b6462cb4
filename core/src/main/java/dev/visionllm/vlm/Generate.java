package dev.visionllm.vlm;

import dev.visionllm.model.llama.Sampler;
import dev.visionllm.model.llama.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** Decoding strategies over a {@link Decoding}: token by token, batches, and beam search. */
final class Generate {
  private Generate() {}

  /**
   * When to stop and how to choose.
   *
   * @param end id of the end token, which is not part of the answer
   * @param maxTokens most tokens of an answer, super-link queries not counted
   * @param sampling how the next token is drawn
   * @param stopped whether an answer so far ends here, for stop strings
   * @param never ids that an answer cannot hold: placeholders of pictures, regions and queries
   */
  record Rules(
      int end, int maxTokens, Sampling sampling, Predicate<int[]> stopped, Set<Integer> never) {
    /** Scores with the forbidden ids at -infinity, a copy. */
    float[] allowed(float[] logits) {
      float[] out = logits.clone();
      never.forEach(id -> out[id] = Float.NEGATIVE_INFINITY);
      return out;
    }

    /** Whether nothing may follow. */
    boolean ended(int[] answer) {
      return answer.length >= maxTokens || stopped.test(answer);
    }
  }

  /** The tokens of row 0, each decoded when it is asked for. */
  static Iterator<Integer> stream(Decoding state, Rules rules) {
    Sampler sampler = rules.sampling().sampler();
    return new Iterator<>() {
      private int[] answer = {};
      private int next = -1; // chosen, not yet handed out
      private boolean unread; // the last token has not run through the model yet
      private boolean done;

      @Override
      public boolean hasNext() {
        if (done || next >= 0) {
          return !done;
        }
        boolean[] live = {true};
        done = answer.length > 0 && rules.ended(answer);
        if (unread) {
          int last = answer[answer.length - 1];
          if (!done || state.calls(last)) {
            state.accept(new int[] {last}, live);
          }
          unread = false;
        }
        if (!done) {
          int token = sampler.next(rules.allowed(state.logits()[0]), answer);
          done = token == rules.end() || !state.fits(new int[] {token}, live);
          next = done ? -1 : token;
        }
        return !done;
      }

      @Override
      public Integer next() {
        if (!hasNext()) {
          throw new NoSuchElementException("the answer is complete");
        }
        int token = next;
        next = -1;
        unread = true;
        answer = append(answer, token);
        return token;
      }
    };
  }

  /** Lays down an answer that is known already, so that its tool calls happen. */
  static Iterator<Integer> given(Decoding state, int[] answer) {
    for (int id : answer) {
      state.accept(new int[] {id}, new boolean[] {true});
    }
    return Arrays.stream(answer).iterator();
  }

  /**
   * Decodes all rows together; a finished row waits for the others without influence. Where the
   * model's context is full all rows end.
   */
  static List<int[]> batch(Decoding state, Rules rules) {
    int b = state.logits().length;
    List<Sampler> samplers =
        IntStream.range(0, b).mapToObj(i -> rules.sampling().sampler()).toList();
    List<int[]> answers = new ArrayList<>(Collections.nCopies(b, new int[0]));
    boolean[] live = new boolean[b];
    Arrays.fill(live, true);
    while (any(live)) {
      int[] tokens = new int[b];
      for (int i = 0; i < b; i++) {
        if (live[i]) {
          tokens[i] = samplers.get(i).next(rules.allowed(state.logits()[i]), answers.get(i));
          live[i] = tokens[i] != rules.end();
        }
      }
      if (!state.fits(tokens, live)) {
        break;
      }
      boolean[] read = new boolean[b];
      for (int i = 0; i < b; i++) {
        if (live[i]) {
          answers.set(i, append(answers.get(i), tokens[i]));
          live[i] = !rules.ended(answers.get(i));
          read[i] = live[i] || state.calls(tokens[i]); // an answer's last token may call a tool
        }
      }
      if (any(read)) {
        state.accept(tokens, read);
      }
    }
    return answers;
  }

  private static boolean any(boolean[] flags) {
    for (boolean f : flags) {
      if (f) {
        return true;
      }
    }
    return false;
  }

  /** A hypothesis. @param score summed log-probability @param length tokens it counts */
  private record Beam(int[] tokens, double score, int length, int parent) {
    double mean() {
      return score / length;
    }

    boolean better(Beam than) {
      return than == null || mean() > than.mean();
    }
  }

  /**
   * Beam search for one row: keeps the best continuations by summed log-probability; of finished
   * ones the highest mean per token wins, the end token counted. As in transformers a continuation
   * can finish only from among the best {@code beams}, so one beam is greedy decoding.
   *
   * @param state holds one row; afterwards its rows are the open beams, so a caller that needs the
   *     winner's tool calls replays the returned tokens
   */
  static int[] beam(Decoding state, Rules rules, int beams) {
    state.reorder(new int[beams]);
    List<Beam> open = List.of(new Beam(new int[0], 0, 0, 0));
    Beam best = null; // of the finished ones
    while (true) {
      List<Beam> next = new ArrayList<>();
      List<Beam> all = continuations(state, rules, open, beams);
      for (int rank = 0; rank < all.size() && next.size() < beams; rank++) {
        Beam c = all.get(rank);
        if (c.tokens().length == c.length() && !rules.ended(c.tokens())) {
          next.add(c);
        } else if (rank < beams && c.better(best)) {
          best = c;
        }
      }
      if (next.isEmpty() || (best != null && !next.get(0).better(best))) {
        return best.tokens();
      }
      int[] parents = new int[beams];
      int[] tokens = new int[beams];
      boolean[] live = new boolean[beams];
      for (int i = 0; i < next.size(); i++) {
        parents[i] = next.get(i).parent();
        tokens[i] = next.get(i).tokens()[next.get(i).length() - 1];
        live[i] = true;
      }
      if (!state.fits(tokens, live)) {
        return open.get(0).better(best) ? open.get(0).tokens() : best.tokens();
      }
      state.reorder(parents);
      state.accept(tokens, live);
      open = next;
    }
  }

  /** Every beam with each of its likeliest next tokens, best first. */
  private static List<Beam> continuations(Decoding state, Rules rules, List<Beam> open, int beams) {
    List<Beam> all = new ArrayList<>();
    for (int i = 0; i < open.size(); i++) {
      Beam o = open.get(i);
      float[] scores = rules.allowed(state.logits()[i]);
      float[] log = Sampling.logSoftmax(rules.sampling().penalised(scores, o.tokens()));
      for (int token : Sampling.top(log, Math.min(log.length, 2 * beams))) {
        int[] tokens = token == rules.end() ? o.tokens() : append(o.tokens(), token);
        all.add(new Beam(tokens, o.score() + log[token], o.length() + 1, i));
      }
    }
    all.sort(Comparator.comparingDouble(Beam::score).reversed());
    return all;
  }

  private static int[] append(int[] ids, int id) {
    int[] out = Arrays.copyOf(ids, ids.length + 1);
    out[ids.length] = id;
    return out;
  }
}
