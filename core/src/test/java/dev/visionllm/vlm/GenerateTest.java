package dev.visionllm.vlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.link.Route;
import dev.visionllm.model.llama.Masks;
import dev.visionllm.model.llama.Sampling;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** What decoding must keep whatever the weights are. */
class GenerateTest {
  private static final int DET = Tiny.id("[DET]");
  private static final int GEN = Tiny.id("[GEN]");
  private static final Predicate<int[]> NEVER = ids -> false;

  private static Generate.Rules rules(int most, Sampling sampling) {
    return new Generate.Rules(Tiny.END, most, sampling, NEVER, Set.of());
  }

  private static Sampling drawn(long seed) {
    return new Sampling(1.5, 1, 0, 1, seed);
  }

  private static final List<Inputs> PROMPTS =
      List.of(
          Tiny.prompt(1, 5, 1), Tiny.prompt(2, 11, 0), Tiny.prompt(3, 2, 3), Tiny.prompt(4, 7, 2));

  /** Rows of different length that call different tools at different steps. */
  @Test
  void rowsOfABatchEqualSingleRuns() {
    int[][] forced = {
      {5, DET, 6, 7, DET, 8, 9, 10},
      {GEN, 5, 6, 7, 8, 9, DET, DET},
      {5, 6, 7, 8, 9, 10, 11, 12},
      {5, 6, GEN, DET, 7, 8, 9, 10}
    };
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(1)) {
      Multimodal model = Tiny.model(p);
      try (Decoding all = Tiny.decoding(model, PROMPTS.toArray(Inputs[]::new))) {
        List<Decoding> alone = PROMPTS.stream().map(r -> Tiny.decoding(model, r)).toList();
        double most = 0;
        for (int step = 0; step <= forced[0].length; step++) {
          for (int i = 0; i < forced.length; i++) {
            most = Math.max(most, difference(all.logits()[i], alone.get(i).logits()[0]));
          }
          if (step < forced[0].length) {
            int at = step;
            boolean[] live = {true, true, true, true};
            all.accept(Arrays.stream(forced).mapToInt(r -> r[at]).toArray(), live);
            for (int i = 0; i < forced.length; i++) {
              alone.get(i).accept(new int[] {forced[i][step]}, new boolean[] {true});
            }
          }
        }
        System.out.printf("batch against single runs, logits: max abs diff %.3g%n", most);
        assertThat(most).isLessThan(1e-4);
        for (int i = 0; i < forced.length; i++) {
          sameRoutes(alone.get(i).routes(0), all.routes(i), i);
        }
        alone.forEach(Decoding::close);
      }
    }
  }

  private static void sameRoutes(List<Route> expected, List<Route> actual, int row) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int k = 0; k < actual.size(); k++) {
      Route e = expected.get(k);
      Route a = actual.get(k);
      assertThat(a.row()).isEqualTo(row);
      assertThat(a.tool()).isSameAs(e.tool());
      assertThat(a.slots().stream().map(s -> s.at()).toList())
          .isEqualTo(e.slots().stream().map(s -> s.at()).toList());
      Golden.check("batch", "row " + row + " " + a.tool().name(), e.queries(), a.queries(), 1e-4);
    }
  }

  @Test
  void batchedAnswersEqualSingleOnesAndStreams() {
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(2)) {
      Multimodal model = Tiny.model(p);
      for (Sampling sampling : List.of(Sampling.GREEDY, drawn(3), drawn(4), drawn(5))) {
        Generate.Rules rules = rules(24, sampling);
        List<int[]> together;
        int calls = 0;
        try (Decoding all = Tiny.decoding(model, PROMPTS.toArray(Inputs[]::new))) {
          together = Generate.batch(all, rules);
          for (int i = 0; i < PROMPTS.size(); i++) {
            try (Decoding one = Tiny.decoding(model, PROMPTS.get(i))) {
              assertThat(Generate.batch(one, rules)).containsExactly(together.get(i));
              sameRoutes(one.routes(0), all.routes(i), i);
            }
            try (Decoding one = Tiny.decoding(model, PROMPTS.get(i))) {
              assertThat(all(Generate.stream(one, rules))).isEqualTo(together.get(i));
              sameRoutes(one.routes(0), all.routes(i), i);
              calls += one.routes(0).size();
            }
          }
        }
        System.out.println(
            "answers of "
                + together.stream().map(a -> a.length).toList()
                + " tokens, tool families called: "
                + calls);
      }
    }
  }

  private static int[] all(Iterator<Integer> tokens) {
    IntStream.Builder out = IntStream.builder();
    tokens.forEachRemaining(out::add);
    assertThatThrownBy(tokens::next).isInstanceOf(NoSuchElementException.class);
    return out.build().toArray();
  }

  /** The cache after calls is what one forward pass of the laid sequence gives. */
  @Test
  void cacheAfterCallsEqualsTheFullForward() {
    int[] answer = {7, DET, 8, DET, 9, GEN, 10};
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(3)) {
      Multimodal model = Tiny.model(p);
      Inputs prompt = Tiny.prompt(9, 6, 2);
      try (Decoding state = Tiny.decoding(model, prompt)) {
        assertThat(all(Generate.given(state, answer))).isEqualTo(answer);
        int[] whole =
            IntStream.concat(Arrays.stream(prompt.ids()), Arrays.stream(answer)).toArray();
        Multimodal.Embedded e =
            model.embed(
                List.of(new Inputs(whole, prompt.images(), List.of())), new SplittableRandom(0));
        int t = e.lengths()[0];
        assertThat(t).isEqualTo(whole.length + 4 + 4 + 6);
        Tensor hidden =
            model.llm().forward(e.embeddings(), Masks.positions(1, 0, t), Masks.causal(t), null);
        float[] logits = Tensors.floats(model.llm().logits(hidden.select(1, t - 1)));
        assertThat(difference(logits, state.logits()[0])).isLessThan(1e-4);
        List<Route> routes = model.links().collect(hidden, e.slots());
        sameRoutes(routes, state.routes(0), 0);
        assertThat(state.routes(0).get(0).slots()).hasSize(2);
        assertThat(state.promptRoutes(0)).isEmpty();
      }
      // the same calls as part of the prompt are not the answer's
      int[] ids = IntStream.concat(Arrays.stream(prompt.ids()), Arrays.stream(answer)).toArray();
      try (Decoding state = Tiny.decoding(model, new Inputs(ids, prompt.images(), List.of()))) {
        assertThat(state.routes(0)).isEmpty();
        assertThat(state.promptRoutes(0)).hasSize(2);
      }
    }
  }

  /** An answer may end with a routing token, by its length or by a stop string. */
  @Test
  void callsOfTheLastTokenHappen() {
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(4)) {
      Multimodal model = Tiny.model(p);
      Inputs prompt = Tiny.prompt(5, 4, 1);
      int calls = 0;
      for (int seed = 0; seed < 40; seed++) {
        for (int most = 1; most < 4; most++) {
          Generate.Rules byLength = rules(most, drawn(seed));
          calls += calls(model, prompt, byLength);
          int length = most;
          calls +=
              calls(
                  model,
                  prompt,
                  new Generate.Rules(
                      Tiny.END, 9, drawn(seed), ids -> ids.length == length, Set.of()));
        }
      }
      assertThat(calls).as("the seeds show something").isPositive();
    }
  }

  /** How many answers end with a call; checks that routes and answer agree. */
  private static int calls(Multimodal model, Inputs prompt, Generate.Rules rules) {
    int[] answer;
    try (Decoding state = Tiny.decoding(model, prompt)) {
      answer = Generate.batch(state, rules).get(0);
      assertThat(count(state)).isEqualTo(count(model, answer));
    }
    try (Decoding state = Tiny.decoding(model, prompt)) {
      assertThat(all(Generate.stream(state, rules))).isEqualTo(answer);
      assertThat(count(state)).isEqualTo(count(model, answer));
    }
    return answer.length > 0 && model.links().toolOf(answer[answer.length - 1]) != null ? 1 : 0;
  }

  private static long count(Decoding state) {
    return state.routes(0).stream().mapToLong(r -> r.queries().size(0)).sum();
  }

  private static long count(Multimodal model, int[] answer) {
    return Arrays.stream(answer).filter(id -> model.links().toolOf(id) != null).count();
  }

  @Test
  void oneBeamIsGreedy() {
    for (int seed = 0; seed < 12; seed++) {
      try (var scope = TensorScope.open();
          Params p = Tiny.weights(100 + seed)) {
        Multimodal model = Tiny.model(p);
        Inputs prompt = Tiny.prompt(seed, 5, 1);
        Predicate<int[]> stop = ids -> ids[ids.length - 1] == 17;
        for (Generate.Rules rules :
            List.of(
                rules(12, Sampling.GREEDY),
                new Generate.Rules(Tiny.END, 12, Sampling.GREEDY, stop, Set.of()),
                rules(12, new Sampling(0, 1, 0, 1.3, 0)))) {
          assertThat(beam(model, prompt, rules, 1)).isEqualTo(greedy(model, prompt, rules));
        }
      }
    }
  }

  @Test
  void forbiddenTokensNeverAppear() {
    Set<Integer> never =
        Set.copyOf(IntStream.range(20, Tiny.VOCAB).filter(i -> i != DET).boxed().toList());
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(8)) {
      Multimodal model = Tiny.model(p);
      for (int seed = 0; seed < 5; seed++) {
        Generate.Rules rules = new Generate.Rules(Tiny.END, 20, drawn(seed), NEVER, never);
        try (Decoding state = Tiny.decoding(model, PROMPTS.get(0))) {
          assertThat(Arrays.stream(Generate.batch(state, rules).get(0)))
              .allMatch(id -> id < 20 || id == DET);
        }
        assertThat(Arrays.stream(beam(model, PROMPTS.get(0), rules, 3)))
            .allMatch(id -> id < 20 || id == DET);
      }
    }
  }

  @Test
  void beamsFindLikelierAnswers() {
    double gain = 0;
    int worse = 0;
    for (int seed = 0; seed < 12; seed++) {
      try (var scope = TensorScope.open();
          Params p = Tiny.weights(200 + seed)) {
        Multimodal model = Tiny.model(p);
        Inputs prompt = Tiny.prompt(seed, 5, 1);
        Generate.Rules rules = rules(8, Sampling.GREEDY);
        double greedy = mean(model, prompt, greedy(model, prompt, rules), 8);
        double beam = mean(model, prompt, beam(model, prompt, rules, 4), 8);
        gain += beam - greedy;
        worse += beam < greedy - 1e-5 ? 1 : 0;
      }
    }
    System.out.printf(
        "4 beams against greedy: mean log-probability higher by %.3f on average, lower in %d of 12"
            + " models%n",
        gain / 12, worse);
    assertThat(gain).isPositive();
    assertThat(worse).isZero();
  }

  private static int[] greedy(Multimodal model, Inputs prompt, Generate.Rules rules) {
    try (Decoding state = Tiny.decoding(model, prompt)) {
      return Generate.batch(state, rules).get(0);
    }
  }

  private static int[] beam(Multimodal model, Inputs prompt, Generate.Rules rules, int beams) {
    try (Decoding state = Tiny.decoding(model, prompt)) {
      return Generate.beam(state, rules, beams);
    }
  }

  /** Mean log-probability of an answer's tokens and, if it is shorter than most, its end. */
  private static double mean(Multimodal model, Inputs prompt, int[] answer, int most) {
    try (Decoding state = Tiny.decoding(model, prompt)) {
      double sum = 0;
      for (int id : answer) {
        sum += Sampling.logSoftmax(state.logits()[0])[id];
        state.accept(new int[] {id}, new boolean[] {true});
      }
      if (answer.length == most) {
        return sum / most;
      }
      return (sum + Sampling.logSoftmax(state.logits()[0])[Tiny.END]) / (answer.length + 1);
    }
  }

  /** Beams share a prompt, and a reordered row carries its calls along. */
  @Test
  void reorderedRowsGoOnAsTheRowTheyCopy() {
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(5)) {
      Multimodal model = Tiny.model(p);
      Inputs prompt = Tiny.prompt(6, 3, 1);
      try (Decoding beams = Tiny.decoding(model, prompt);
          Decoding alone = Tiny.decoding(model, prompt)) {
        beams.reorder(new int[3]);
        beams.accept(new int[] {5, DET, 6}, new boolean[] {true, true, true});
        beams.reorder(new int[] {1, 1, 2});
        beams.accept(new int[] {7, DET, 8}, new boolean[] {true, true, true});
        alone.accept(new int[] {DET}, new boolean[] {true});
        alone.accept(new int[] {DET}, new boolean[] {true});
        assertThat(difference(alone.logits()[0], beams.logits()[1])).isLessThan(1e-4);
        sameRoutes(alone.routes(0), beams.routes(1), 1);
        assertThat(beams.routes(0).get(0).slots()).hasSize(1);
        assertThat(beams.routes(2)).isEmpty();
      }
    }
  }

  @Test
  void aFullContextEndsTheAnswer() {
    try (var scope = TensorScope.open();
        Params p = Tiny.weights(6)) {
      Multimodal model = Tiny.model(p, 20);
      Inputs prompt = Tiny.prompt(7, 8, 1);
      Generate.Rules rules = new Generate.Rules(-1, 500, Sampling.GREEDY, NEVER, Set.of());
      int[] answer = greedy(model, prompt, rules);
      assertThat(answer.length).isBetween(1, 9);
      assertThat(beam(model, prompt, rules, 1)).isEqualTo(answer);
      try (Decoding state = Tiny.decoding(model, prompt)) {
        assertThat(all(Generate.stream(state, rules))).isEqualTo(answer);
      }
      try (Decoding state = Tiny.decoding(model, prompt)) {
        for (int i = 0; i < 8; i++) {
          state.accept(new int[] {5}, new boolean[] {true});
        }
        assertThat(state.fits(new int[] {5}, new boolean[] {true})).isFalse();
        assertThatThrownBy(() -> state.accept(new int[] {5}, new boolean[] {true}))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("context of 20 tokens is full");
      }
    }
  }

  @Test
  void holdsNoMemoryAfterwards() {
    try (Params p = Tiny.weights(7)) {
      List<Multimodal> model = new ArrayList<>();
      try (var scope = TensorScope.open()) {
        model.add(Tiny.model(p));
      }
      NoLeaks.assertFlat(
          () -> {
            Inputs[] rows = PROMPTS.toArray(Inputs[]::new);
            try (Decoding state = Tiny.decoding(model.get(0), rows)) {
              state.accept(new int[] {DET, 5, GEN, 6}, new boolean[] {true, true, true, true});
              Generate.batch(state, rules(6, drawn(1)));
              assertThat(state.routes(0)).isNotEmpty();
            }
            try (Decoding state = Tiny.decoding(model.get(0), rows[0])) {
              Generate.stream(state, rules(6, drawn(2))).forEachRemaining(id -> {});
            }
            beam(model.get(0), rows[0], rules(5, Sampling.GREEDY), 3);
          });
    }
  }

  private static double difference(float[] a, float[] b) {
    assertThat(a).hasSameSizeAs(b);
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      assertThat(a[i]).isCloseTo(b[i], within(1f));
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }
}
