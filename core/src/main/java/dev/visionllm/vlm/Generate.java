package dev.visionllm.vlm;

import dev.visionllm.model.llama.Sampler;
import dev.visionllm.model.llama.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
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
   */
  record Rules(int end, int maxTokens, Sampling sampling, Predicate<int[]> stopped) {}

  /** The tokens of row 0, each decoded when it is asked for. */
  static Iterator<Integer> stream(Decoding state, Rules rules) {
    Sampler sampler = rules.sampling().sampler();
    return new Iterator<>() {
      private int[] answer = {};
      private int next = -1; // chosen, not yet handed out
      private boolean done;

      @Override
      public boolean hasNext() {
        if (done || next >= 0) {
          return !done;
        }
        if (answer.length > 0) {
          if (rules.stopped().test(answer)) {
            done = true;
            return false;
          }
          // deferred to here: the token of a finished answer never runs through the model
          state.accept(new int[] {answer[answer.length - 1]}, new boolean[] {true});
        }
        int token = sampler.next(state.logits()[0], answer);
        done = token == rules.end() || answer.length == rules.maxTokens();
        next = done ? -1 : token;
        return !done;
      }

      @Override
      public Integer next() {
        if (!hasNext()) {
          throw new NoSuchElementException("the answer is complete");
        }
        int token = next;
        next = -1;
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

  /** Decodes all rows together; a finished row waits for the others without influence. */
  static List<int[]> batch(Decoding state, Rules rules) {
    int b = state.logits().length;
    List<Sampler> samplers =
        IntStream.range(0, b).mapToObj(i -> rules.sampling().sampler()).toList();
    List<int[]> answers = new ArrayList<>();
    IntStream.range(0, b).forEach(i -> answers.add(new int[0]));
    boolean[] live = new boolean[b];
    Arrays.fill(live, true);
    for (int step = 0; step < rules.maxTokens(); step++) {
      int[] tokens = new int[b];
      boolean any = false;
      for (int i = 0; i < b; i++) {
        if (live[i]) {
          tokens[i] = samplers.get(i).next(state.logits()[i], answers.get(i));
          live[i] = tokens[i] != rules.end();
        }
        if (live[i]) {
          answers.set(i, append(answers.get(i), tokens[i]));
        }
        any |= live[i];
      }
      if (!any) {
        break;
      }
      state.accept(tokens, live); // also the last token: it may be a routing token
      for (int i = 0; i < b; i++) {
        live[i] = live[i] && !rules.stopped().test(answers.get(i));
      }
    }
    return answers;
  }

  /**
   * Beam search for one row: keeps the best continuations by summed log-probability, divided by
   * length when hypotheses of different length are compared.
   *
   * @param state holds one row; afterwards its rows are the open beams, so a caller that needs the
   *     winner's tool calls replays the returned tokens
   */
  static int[] beam(Decoding state, Rules rules, int beams) {
    record Beam(int[] tokens, double score, int parent) {
      double mean() {
        return score / Math.max(1, tokens.length);
      }
    }
    state.reorder(new int[beams]);
    List<Beam> open = new ArrayList<>();
    open.add(new Beam(new int[0], 0, 0));
    Beam best = null;
    while (!open.isEmpty() && open.get(0).tokens().length < rules.maxTokens()) {
      List<Beam> next = new ArrayList<>();
      for (int i = 0; i < open.size(); i++) {
        Beam o = open.get(i);
        float[] log =
            Sampling.logSoftmax(rules.sampling().penalised(state.logits()[i], o.tokens()));
        for (int token : Sampling.top(log, Math.min(log.length, beams + 1))) {
          double score = o.score() + log[token];
          if (token == rules.end()) {
            Beam ended = new Beam(o.tokens(), score, i);
            best = best == null || ended.mean() > best.mean() ? ended : best;
          } else {
            next.add(new Beam(append(o.tokens(), token), score, i));
          }
        }
      }
      next.sort(Comparator.comparingDouble(Beam::score).reversed());
      next = next.subList(0, Math.min(beams, next.size()));
      if (next.isEmpty() || (best != null && best.mean() >= next.get(0).mean())) {
        break;
      }
      int[] parents = new int[beams];
      int[] tokens = new int[beams];
      boolean[] live = new boolean[beams];
      for (int i = 0; i < next.size(); i++) {
        parents[i] = next.get(i).parent();
        tokens[i] = next.get(i).tokens()[next.get(i).tokens().length - 1];
        live[i] = true;
      }
      state.reorder(parents);
      state.accept(tokens, live);
      open = new ArrayList<>(next);
      for (Beam o : open) {
        if (rules.stopped().test(o.tokens()) && (best == null || o.mean() > best.mean())) {
          best = o;
        }
      }
    }
    return best == null ? open.get(0).tokens() : best.tokens();
  }

  private static int[] append(int[] ids, int id) {
    int[] out = Arrays.copyOf(ids, ids.length + 1);
    out[ids.length] = id;
    return out;
  }
}
