package dev.visionllm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.Golden;
import dev.visionllm.NoLeaks;
import dev.visionllm.model.RandomWeights;
import dev.visionllm.nn.F;
import dev.visionllm.nn.Params;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class LlamaTest {
  private static final Llama.Config TINY =
      new Llama.Config(50, 32, 48, 2, 4, 2, 1e-5, 10_000, 600, false);

  private final long[] a = {3, 14, 15, 9, 26, 5, 35};
  private final long[] b = {8, 9, 7, 9};

  private static Tensor run(Llama llama, long... ids) {
    int t = ids.length;
    return llama.forward(
        llama.embed(Tensors.of(ids, 1, t)), Masks.positions(1, 0, t), Masks.causal(t), null);
  }

  private static Tensor rows(long[] x, long[] y) {
    long[] both = new long[x.length + y.length];
    System.arraycopy(x, 0, both, 0, x.length);
    System.arraycopy(y, 0, both, x.length, y.length);
    return Tensors.of(both, 2, x.length);
  }

  private static long[] ids(int n) {
    return new java.util.Random(5).longs(n, 1, 50).toArray();
  }

  @Test
  void aRightPaddedBatchEqualsSingleRuns() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llama = new Llama(root, TINY);
      boolean[][] valid = Masks.right(new int[] {7, 4}, 7);
      Tensor hidden =
          llama.forward(
              llama.embed(rows(a, java.util.Arrays.copyOf(b, 7))),
              Masks.positions(valid, 7),
              Masks.padded(valid, 7),
              null);
      Golden.check("llama", "right, long row", run(llama, a), hidden.narrow(0, 0, 1), 1e-5);
      Golden.check(
          "llama",
          "right, padded row",
          run(llama, b),
          hidden.narrow(0, 1, 1).narrow(1, 0, 4),
          1e-5);
    }
  }

  @Test
  void aLeftPaddedBatchEqualsSingleRuns() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llama = new Llama(root, TINY);
      long[] padded = new long[7];
      System.arraycopy(b, 0, padded, 3, 4);
      boolean[][] valid = Masks.left(new int[] {7, 4}, 7);
      Tensor hidden =
          llama.forward(
              llama.embed(rows(a, padded)),
              Masks.positions(valid, 7),
              Masks.padded(valid, 7),
              null);
      Golden.check("llama", "left, long row", run(llama, a), hidden.narrow(0, 0, 1), 1e-5);
      Golden.check(
          "llama", "left, padded row", run(llama, b), hidden.narrow(0, 1, 1).narrow(1, 3, 4), 1e-5);
      assertThat(Tensors.floats(hidden)).doesNotContain(Float.NaN);
    }
  }

  @Test
  void aPaddedBatchDecodedWithACacheEqualsSingleRuns() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1));
        KvCache cache = new KvCache(TINY)) {
      Llama llama = new Llama(root, TINY);
      boolean[][] valid = Masks.right(new int[] {7, 4}, 7);
      llama.forward(
          llama.embed(rows(a, java.util.Arrays.copyOf(b, 7))),
          Masks.positions(valid, 7),
          Masks.padded(valid, 7),
          cache);
      long[] next = {11, 12, 13};
      Tensor last = null;
      for (long id : next) {
        valid = Masks.extend(valid, 1);
        last =
            llama.forward(
                llama.embed(Tensors.of(new long[] {id, id}, 2, 1)),
                Masks.positions(valid, 1),
                Masks.padded(valid, 1),
                cache);
      }
      Tensor first = run(llama, 3, 14, 15, 9, 26, 5, 35, 11, 12, 13);
      Tensor second = run(llama, 8, 9, 7, 9, 11, 12, 13);
      Golden.check("llama", "decoded, long row", first.narrow(1, 9, 1), last.narrow(0, 0, 1), 1e-5);
      Golden.check("llama", "decoded, padded", second.narrow(1, 6, 1), last.narrow(0, 1, 1), 1e-5);
    }
  }

  @Test
  void cachedDecodingEqualsTheFullForwardAcrossGrowth() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1));
        KvCache cache = new KvCache(TINY)) {
      Llama llama = new Llama(root, TINY);
      long[] ids = ids(530);
      Tensor full = run(llama, ids);
      int[] parts = {250, 1, 1, 1, 5, 1, 270, 1}; // across the buffer's first two growths
      int at = 0;
      Tensor last = null;
      for (int n : parts) {
        int past = at;
        Tensor part = Tensors.of(java.util.Arrays.copyOfRange(ids, at, at + n), 1, n);
        last =
            llama.forward(
                llama.embed(part), Masks.positions(1, past, n), Masks.causal(n, past + n), cache);
        at += n;
        Golden.check("llama", "cached to " + at, full.narrow(1, past, n), last, 2e-5);
      }
      assertThat(cache.length()).isEqualTo(530);
    }
  }

  @Test
  void aTruncatedCacheForgets() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1));
        KvCache cache = new KvCache(TINY)) {
      Llama llama = new Llama(root, TINY);
      llama.forward(
          llama.embed(Tensors.of(a, 1, 7)), Masks.positions(1, 0, 7), Masks.causal(7), cache);
      cache.truncate(4);
      Tensor hidden =
          llama.forward(
              llama.embed(Tensors.of(new long[] {1, 2}, 1, 2)),
              Masks.positions(1, 4, 2),
              Masks.causal(2, 6),
              cache);
      Golden.check(
          "llama", "truncated", run(llama, 3, 14, 15, 9, 1, 2).narrow(1, 4, 2), hidden, 1e-5);
      assertThatThrownBy(() -> cache.truncate(9)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aForkAndAReorderedCacheContinueTheirOwnRows() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1));
        KvCache cache = new KvCache(TINY)) {
      Llama llama = new Llama(root, TINY);
      long[] c = {1, 2, 3, 4, 5, 6, 7};
      llama.forward(llama.embed(rows(a, c)), Masks.positions(2, 0, 7), Masks.causal(7), cache);
      try (KvCache fork = cache.fork()) {
        fork.reorder(new int[] {1, 1, 0});
        Tensor three = llama.embed(Tensors.of(new long[] {9, 10, 11}, 3, 1));
        Tensor hidden = llama.forward(three, Masks.positions(3, 7, 1), null, fork);
        Tensor first = run(llama, 1, 2, 3, 4, 5, 6, 7, 9).narrow(1, 7, 1);
        Tensor third = run(llama, 3, 14, 15, 9, 26, 5, 35, 11).narrow(1, 7, 1);
        Golden.check("llama", "reordered row 0", first, hidden.narrow(0, 0, 1), 1e-5);
        Golden.check("llama", "reordered row 2", third, hidden.narrow(0, 2, 1), 1e-5);
        assertThat(fork.length()).isEqualTo(8);
      }
      assertThat(cache.length()).isEqualTo(7);
      Tensor two = llama.embed(Tensors.of(new long[] {9, 9}, 2, 1));
      Tensor hidden = llama.forward(two, Masks.positions(2, 7, 1), null, cache);
      Tensor first = run(llama, 3, 14, 15, 9, 26, 5, 35, 9).narrow(1, 7, 1);
      Golden.check("llama", "the forked one", first, hidden.narrow(0, 0, 1), 1e-5);
      assertThatThrownBy(
              () -> llama.forward(two.narrow(0, 0, 1), Masks.positions(1, 8, 1), null, cache))
          .hasMessage("the cache holds 2 rows, the new tokens have 1");
    }
  }

  @Test
  void packedSegmentsEqualSeparateRuns() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llama = new Llama(root, TINY);
      int[][] segments = {{0, 0, 0, 1, 1, 2, 2, 2, -1, -1}};
      long[] packed = {5, 6, 7, 11, 12, 21, 22, 23, 0, 0};
      Tensor hidden =
          llama.forward(
              llama.embed(Tensors.of(packed, 1, 10)),
              Masks.segmentPositions(segments),
              Masks.segments(segments),
              null);
      Tensor first = run(llama, 5, 6, 7, 11, 12);
      Tensor second = run(llama, 5, 6, 7, 21, 22, 23);
      Golden.check("llama", "prefix and segment 1", first, hidden.narrow(1, 0, 5), 1e-5);
      Golden.check("llama", "segment 2", second.narrow(1, 3, 3), hidden.narrow(1, 5, 3), 1e-5);
    }
  }

  @Test
  void tiedHeadsTakeNoSecondTable() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llama = new Llama(root, new Llama.Config(50, 32, 48, 1, 4, 4, 1e-5, 1e4, 64, true));
      assertThat(root.taken()).doesNotContainKey("lm_head.weight");
      Tensor hidden = run(llama, a);
      Tensor expected = torch.matmul(hidden, root.taken().get("model.embed_tokens.weight").t());
      Golden.check("llama", "tied logits", expected, llama.logits(hidden), 1e-5);
    }
  }

  /** A token decoded in bf16 reads the cache's whole buffers, here with a forgotten tail. */
  @Test
  void bf16IsCloseToFp32() {
    try (var scope = TensorScope.open();
        Params full = new Params(RandomWeights.of(1));
        Params half = new Params(RandomWeights.of(1, ScalarType.BFloat16));
        KvCache cache = new KvCache(TINY)) {
      Tensor expected = run(new Llama(full, TINY), a);
      Llama llama = new Llama(half, TINY);
      Tensor part = llama.embed(Tensors.of(a, 1, 7));
      llama.forward(part, Masks.positions(1, 0, 7), Masks.causal(7), cache);
      cache.truncate(4);
      Tensor fifth =
          llama.forward(part.narrow(1, 4, 1), Masks.positions(1, 4, 1), Masks.causal(1, 5), cache);
      Tensor sixth = llama.forward(part.narrow(1, 5, 1), Masks.positions(1, 5, 1), null, cache);
      assertThat(sixth.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
      Golden.check("llama", "bf16, with a mask", expected.narrow(1, 4, 1), fifth, 0.1);
      Golden.check("llama", "bf16, without", expected.narrow(1, 5, 1), sixth, 0.1);
      Tensor at = Masks.positions(1, 0, 7);
      Tensor uncached = llama.forward(part, at, Masks.causal(7), null).narrow(1, 4, 2);
      Golden.check("llama", "bf16, uncached", uncached, F.cat(1, fifth, sixth), 0.02);
    }
  }

  /** Long prompts in bf16 run in chunks of queries, each on the keys up to its last one. */
  @Test
  void chunksOfAPromptInBf16EqualItsParts() {
    try (var scope = TensorScope.open();
        Params half = new Params(RandomWeights.of(1, ScalarType.BFloat16));
        KvCache cache = new KvCache(TINY)) {
      Llama llama = new Llama(half, TINY);
      int t = 590; // two chunks
      Tensor x = llama.embed(Tensors.of(ids(t), 1, t));
      Tensor whole = llama.forward(x, Masks.positions(1, 0, t), Masks.causal(t), null);
      List<Tensor> parts = new ArrayList<>();
      for (int from = 0; from < t; from += 295) {
        parts.add(
            llama.forward(
                x.narrow(1, from, 295),
                Masks.positions(1, from, 295),
                Masks.causal(295, from + 295),
                cache));
      }
      Golden.check("llama", "bf16, in parts", whole, F.cat(1, parts), 0.04);
    }
  }

  @Test
  void gradientsReachEveryParameter() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llama = new Llama(root, TINY);
      root.taken().values().forEach(t -> t.requires_grad_(true));
      torch.sum(llama.logits(run(llama, a)).square()).backward();
      root.taken()
          .forEach(
              (name, t) -> {
                assertThat(t.grad().defined()).as(name).isTrue();
                assertThat(Tensors.floats(t.grad())).as(name).doesNotContain(Float.NaN);
              });
    }
  }

  @Test
  void leaksNothing() {
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1))) {
      Llama llama = new Llama(root, TINY);
      long[] ids = ids(255);
      NoLeaks.assertFlat(
          () -> {
            try (KvCache cache = new KvCache(TINY)) {
              Tensor x = llama.embed(Tensors.of(ids, 1, 255));
              llama.forward(x, Masks.positions(1, 0, 255), Masks.causal(255), cache);
              for (int i = 0; i < 4; i++) { // grows on the way
                Tensor one = llama.embed(Tensors.of(new long[] {i}, 1, 1));
                llama.logits(
                    llama.forward(one, Masks.positions(1, cache.length(), 1), null, cache));
              }
              cache.fork().close();
              cache.reorder(new int[] {0, 0});
            }
          });
    }
  }

  @Test
  void refusesNonsense() {
    assertThatThrownBy(() -> new Llama.Config(50, 32, 48, 2, 4, 3, 1e-5, 1e4, 64, false))
        .hasMessage("language model: heads 4 is not a multiple of kvHeads 3");
    assertThatThrownBy(() -> new Llama.Config(50, 36, 48, 2, 4, 4, 1e-5, 1e4, 64, false))
        .hasMessage("language model: hidden 36 is not an even multiple of heads 4");
    try (var scope = TensorScope.open();
        Params root = new Params(RandomWeights.of(1));
        KvCache cache = new KvCache(TINY)) {
      Llama llama = new Llama(root, TINY);
      Tensor x = llama.embed(Tensors.of(a, 1, 7));
      assertThatThrownBy(() -> llama.forward(x, Masks.positions(1, 0, 7), Masks.causal(6), null))
          .hasMessage("mask is [1, 1, 6, 6], should be (b, 1, 7, 7) for 0 cached and 7 new tokens");
      assertThatThrownBy(() -> llama.forward(x, Masks.positions(1, 0, 6), Masks.causal(7), null))
          .hasMessage("positions are [1, 6], should be (1, 7)");
      Tensor many = llama.embed(Tensors.of(new long[601], 1, 601));
      assertThatThrownBy(
              () -> llama.forward(many, Masks.positions(1, 0, 601), Masks.causal(601), cache))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "the text has 601 tokens, the language model's context holds 600");
    }
  }
}
