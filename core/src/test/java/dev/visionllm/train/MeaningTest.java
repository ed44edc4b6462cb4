package dev.visionllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.visionllm.data.Dialogue;
import dev.visionllm.geometry.Box;
import dev.visionllm.tensor.TensorScope;
import dev.visionllm.tensor.Tensors;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** What tool calls stand for, and the codes of that. */
class MeaningTest {
  private static final Corpus.Picture PICTURE =
      new Corpus.Picture(
          Path.of("a.png"),
          200,
          100,
          List.of(
              new Corpus.Thing(7, "dog", new Box(20, 10, 60, 60), null),
              new Corpus.Thing(8, "dog", new Box(120, 10, 160, 60), null),
              new Corpus.Thing(9, "cat", new Box(0, 50, 100, 100), null)),
          List.of());
  private static final Meaning LEFT = Meaning.of(PICTURE.things().get(0), 200, 100);
  private static final Meaning RIGHT = Meaning.of(PICTURE.things().get(1), 200, 100);

  private static List<Meaning> meanings(String task, String reply, String answer) {
    List<Dialogue.Turn> turns =
        List.of(
            new Dialogue.Turn(Dialogue.Role.HUMAN, "<image>\nWhere?"),
            new Dialogue.Turn(Dialogue.Role.ASSISTANT, reply));
    Dialogue d = new Dialogue("a-1", "a.png", task, turns, List.of(), answer);
    return Meaning.of(d, PICTURE, List.of("cat", "dog"));
  }

  @Test
  void bareAnswersNameTheObjects() {
    assertThat(LEFT).isEqualTo(new Meaning("dog", new Box(0.1, 0.1, 0.3, 0.6)));
    assertThat(meanings("grounding", "the left dog[GRD]", "7")).containsExactly(LEFT);
    assertThat(meanings("interactive", "region 1[DET], region 2[DET].", "8, 7"))
        .containsExactly(RIGHT, LEFT);
    assertThatThrownBy(() -> meanings("saliency", "foreground[DET]", "3"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("dialogue a-1 answers with annotation 3, which a.png does not have");
  }

  @Test
  void otherCallsNameClassesOrNothingThatIsKnown() {
    assertThat(meanings("detection", "cat[DET], dog[DET].", "cat, dog"))
        .containsExactly(Meaning.of("cat"), Meaning.of("dog"));
    assertThat(meanings("grounded_caption", "A cat[DET] and two dogs[DET].", "cat, dog"))
        .containsExactly(Meaning.of("cat"), Meaning.of("dog"));
    assertThat(meanings("counting", "dog[DET]", "2")).containsExactly(Meaning.of("dog"));
    assertThat(meanings("pose", "dog[DET], nose[POSE]", "dog"))
        .containsExactly(Meaning.of("dog"), Meaning.of("nose"));
    assertThat(meanings("dialogue", "the left dog[GRD]", null)).containsExactly((Meaning) null);
    assertThat(meanings("caption", "A cat and two dogs.", "cat, dog")).isEmpty();
  }

  private static double difference(Meaning a, Meaning b) {
    float[] x = LinkCodes.of(a, 4, 256);
    float[] y = LinkCodes.of(b, 4, 256);
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += (x[i] - y[i]) * (x[i] - y[i]);
    }
    return sum / x.length;
  }

  @Test
  void codesTellNamesAndPlaces() {
    Meaning near = new Meaning("dog", new Box(0.11, 0.1, 0.31, 0.6));
    Meaning cat = new Meaning("cat", LEFT.place());
    double other = difference(Meaning.of("dog"), Meaning.of("cat"));
    System.out.printf(
        "mean square between codes: classes %.2f, near %.3f, apart %.2f, with a place or without"
            + " %.2f%n",
        other,
        difference(LEFT, near),
        difference(LEFT, RIGHT),
        difference(LEFT, Meaning.of("dog")));
    assertThat(other).isBetween(1.7, 2.3);
    assertThat(difference(LEFT, cat)).isBetween(1.7, 2.3);
    assertThat(difference(LEFT, near)).isBetween(1e-4, 0.05);
    assertThat(difference(LEFT, RIGHT)).isGreaterThan(0.3);
    assertThat(difference(LEFT, Meaning.of("dog"))).isBetween(0.5, 2.0);
    assertThat(LinkCodes.of(LEFT, 4, 256)).isEqualTo(LinkCodes.of(LEFT, 4, 256));
  }

  @Test
  void wavesOfPlacesAreReadOffTheirCodes() {
    try (var scope = TensorScope.open()) {
      float[] left = waves(LEFT);
      float[] bare = waves(Meaning.of("dog"));
      assertThat(left).hasSize(17);
      double worst = Math.abs(left[0] - bare[0] - 1);
      double[] sides = {0.2, 0.35, 0.2, 0.5}; // centre and size of the left dog
      for (int i = 0; i < 16; i++) {
        double wave = Math.cos(Math.PI * (1 + i % 4) * sides[i / 4]);
        worst = Math.max(worst, Math.abs(left[1 + i] - bare[1 + i] - wave));
      }
      System.out.println("waves of a place read off its code: max difference " + worst);
      assertThat(worst).isLessThan(0.2); // the directions are at right angles only nearly
    }
  }

  private static float[] waves(Meaning meaning) {
    Tensor code = Tensors.of(LinkCodes.of(meaning, 4, 256), 1, 4 * 256);
    return Tensors.floats(code.matmul(LinkCodes.waves(4 * 256)));
  }

  @Test
  void whatIsMeasuredByEyeIsNearTheTruth() {
    SplittableRandom random = new SplittableRandom(3);
    assertThat(Meaning.of("dog").byEye(random)).isEqualTo(Meaning.of("dog"));
    double shift = 0;
    for (int i = 0; i < 200; i++) {
      Meaning seen = LEFT.byEye(random);
      assertThat(seen.name()).isEqualTo("dog");
      shift += Math.abs(seen.place().centerX() - LEFT.place().centerX()) / 200;
    }
    assertThat(shift).isBetween(0.01, 0.03);
  }
}
