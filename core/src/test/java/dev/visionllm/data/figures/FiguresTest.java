package dev.visionllm.data.figures;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.data.figures.Drawing.Mark;
import dev.visionllm.geometry.KeypointSets;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FiguresTest {
  private static final int SIDE = 180;

  private final Figures figures = new Figures(Motion.procedural());

  @Test
  void classesHaveTheirPublishedSets() {
    assertThat(Figures.categories()).extracting(Figures.Category::name).doesNotHaveDuplicates();
    for (Figures.Category c : Figures.categories()) {
      assertThat(KeypointSets.ofClass(c.name())).as(c.name()).contains(c.set());
    }
  }

  @ParameterizedTest
  @EnumSource(Figures.Kind.class)
  void visiblePointsLieOnTheFigure(Figures.Kind kind) {
    Set<Drawing> different = new HashSet<>();
    int visible = 0;
    int hidden = 0;
    for (int seed = 0; seed < 60; seed++) {
      Drawing drawing = figures.draw(kind, new SplittableRandom(seed));
      different.add(drawing);
      Layer layer = drawing.layer(SIDE);
      assertThat(drawing.bounds().getWidth()).isPositive().isFinite();
      for (int i = 0; i < layer.marks().size(); i++) {
        Mark m = layer.marks().get(i);
        if (seen(layer, m)) visible++;
        else hidden++;
        assertThat(onFigure(layer, m))
            .as(drawing.category() + " " + seed + ": " + drawing.set().points().get(i))
            .isTrue();
      }
    }
    assertThat(different).hasSize(60);
    assertThat(visible).isGreaterThan(hidden);
    assertThat(hidden).isPositive();
  }

  /** Whether the figure covers a pixel within two of a mark. */
  private static boolean onFigure(Layer layer, Mark m) {
    for (int y = (int) m.y() - 2; y <= m.y() + 2; y++) {
      for (int x = (int) m.x() - 2; x <= m.x() + 2; x++) {
        if (x >= 0 && y >= 0 && x < layer.width() && y < layer.height() && layer.covers(x, y)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean seen(Layer layer, Mark m) {
    int x = (int) m.x();
    int y = (int) m.y();
    return layer.covers(x, y) && m.on().contains(layer.limb(x, y));
  }

  /** Upright, with hanging arms. */
  private static BodyPose standing() {
    Map<BodyPart, Vec> bones = new EnumMap<>(BodyPart.class);
    for (BodyPart p : BodyPart.values()) {
      bones.put(
          p,
          switch (p) {
            case NECK, HEAD -> Vec.UP;
            case LEFT_SHOULDER, LEFT_HIP -> Vec.LEFT;
            case RIGHT_SHOULDER, RIGHT_HIP -> Vec.LEFT.times(-1);
            case LEFT_TOES, RIGHT_TOES -> Vec.AHEAD;
            default -> Vec.UP.times(-1);
          });
    }
    return new BodyPose(bones, Turn.NONE);
  }

  private static Set<String> seen(double yaw, int seed) {
    BodyPose pose = standing();
    Layer layer =
        People.draw(pose, Camera.of(yaw, 0, 0, 6), new SplittableRandom(seed)).layer(SIDE);
    Set<String> out = new HashSet<>();
    for (int i = 0; i < layer.marks().size(); i++) {
      if (seen(layer, layer.marks().get(i))) out.add(KeypointSets.COCO.points().get(i));
    }
    return out;
  }

  @Test
  void aHeadShowsTheSideThatItTurnsToTheViewer() {
    for (int seed = 0; seed < 20; seed++) {
      assertThat(seen(0, seed)).contains("nose", "left eye", "right eye", "left ear", "right ear");
      assertThat(seen(Math.PI, seed)).doesNotContain("nose", "left eye", "right eye");
      // turned to its own left, it shows its right side
      assertThat(seen(Math.PI / 2, seed)).contains("nose", "right eye").doesNotContain("left eye");
      assertThat(seen(-Math.PI / 2, seed)).contains("nose", "left eye").doesNotContain("right eye");
    }
  }

  @Test
  void whoLooksAtTheViewerHasTheirLeftOnTheRight() {
    Camera front = Camera.of(0, 0, 0, 5);
    assertThat(front.see(Sculpture.ball(Vec.LEFT, 0)).x()).isPositive();
    assertThat(front.see(Sculpture.ball(Vec.UP, 0)).y()).isNegative();
    assertThat(front.depth(Vec.AHEAD)).isNegative();
    assertThat(Camera.of(Math.PI, 0, 0, 5).see(Sculpture.ball(Vec.LEFT, 0)).x()).isNegative();
    assertThat(Camera.of(0, 0.5, 0, 5).depth(Vec.UP)).as("from above the top is near").isNegative();
    Camera.Disc near = front.see(Sculpture.ball(Vec.AHEAD, 1));
    assertThat(near.radius()).isGreaterThan(front.see(Sculpture.ball(Vec.ZERO, 1)).radius());
  }

  @Test
  void pointsOfAFaceStandInTheOrderOfTheSet() {
    for (int seed = 0; seed < 20; seed++) {
      List<Vec> p = FacePoints.random(new SplittableRandom(seed));
      List<String> names = KeypointSets.FACE_300W.points();
      assertThat(p).hasSize(names.size());
      for (int i = 0; i < p.size(); i++) {
        String name = names.get(i);
        if (name.startsWith("right ")) assertThat(p.get(i).x()).as(name).isNegative();
        if (name.startsWith("left ")) assertThat(p.get(i).x()).as(name).isPositive();
      }
      Vec chin = p.get(names.indexOf("chin center"));
      assertThat(p).allMatch(v -> v.y() >= chin.y());
      for (int i = 36; i < 48; i += 6) { // corner, upper lid, corner, lower lid
        assertThat(p.get(i).x()).isLessThan(p.get(i + 3).x());
        assertThat(p.get(i + 1).y()).isGreaterThan(p.get(i + 5).y());
        assertThat(p.get(i + 2).y()).isGreaterThan(p.get(i + 4).y());
      }
      assertThat(p.get(48).x()).isLessThan(p.get(54).x());
      for (int i = 0; i < 3; i++) // inner lips: upper from the right, lower from the left
      assertThat(p.get(61 + i).y()).isGreaterThan(p.get(67 - i).y());
    }
  }
}
