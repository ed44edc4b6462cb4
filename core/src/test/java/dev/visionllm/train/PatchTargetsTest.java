package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.data.CocoDataset;
import dev.visionllm.geometry.Box;
import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class PatchTargetsTest {
  private static Corpus.Thing thing(String name, Box box) {
    Mask mask = Mask.of(80, 40, box);
    return new Corpus.Thing(1, name, box, new CocoDataset.Segmentation.Runs(Rle.of(mask)));
  }

  @Test
  void everyCellTellsWhatCoversIt() {
    Corpus.Picture p =
        new Corpus.Picture(
            Path.of("a.png"),
            80,
            40,
            List.of(
                thing("dog", new Box(0, 0, 20, 10)), // cell (0, 0) of a grid of 4
                thing("cat", new Box(40, 10, 80, 40)), // the largest, six cells
                thing("dog", new Box(20, 30, 40, 40)), // cell (1, 3)
                thing("dog", new Box(20, 0, 24, 10))), // a fifth of cell (1, 0): too little
            List.of());

    PatchTargets t = PatchTargets.of(p, List.of("bee", "cat", "dog"), 4);

    assertThat(t.classes()).containsExactly(3, 0, 0, 0, 0, 0, 2, 2, 0, 0, 2, 2, 0, 3, 2, 2);
    assertThat(t.counts()).containsExactly(3, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 3, 1, 1);
    assertThat(t.orders()).containsExactly(2, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 2, 1, 1);
    // cell (2, 1) has its centre at (50, 15), the cat's is at (60, 25)
    float[] box = java.util.Arrays.copyOfRange(t.boxes(), 6 * 4, 6 * 4 + 4);
    assertThat(box).containsExactly(new float[] {10 / 80f, 10 / 40f, 0.5f, 0.75f}, within(1e-6f));
  }

  @Test
  void anEmptyPictureHasNoTargets() {
    Corpus.Picture p = new Corpus.Picture(Path.of("a.png"), 80, 40, List.of(), List.of());
    PatchTargets t = PatchTargets.of(p, List.of("bee"), 4);
    assertThat(t.classes()).containsOnly(0);
    assertThat(t.boxes()).containsOnly(0);
  }
}
