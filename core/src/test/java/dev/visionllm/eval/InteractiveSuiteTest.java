package dev.visionllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.visionllm.geometry.Mask;
import dev.visionllm.geometry.Rle;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Segment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InteractiveSuiteTest {
  @TempDir Path dir;

  /** Finds the object that shares most pixels with the mark. */
  private record Following(UnaryOperator<Segment> change, List<List<VisualPrompt>> asked)
      implements FakeSubject {
    @Override
    public List<Segment> segmentMarked(Raster picture, List<VisualPrompt> regions) {
      asked.add(regions);
      var things = TinyWorld.see(picture, List.of("dog", "cat"));
      var out = new ArrayList<Segment>();
      for (int i = 0; i < regions.size(); i++) {
        Rle mark = Rle.of(regions.get(i).mask(picture.width(), picture.height()));
        var best =
            things.stream()
                .max((s, t) -> Integer.compare(shared(mark, s), shared(mark, t)))
                .map(s -> TinyWorld.segment("?", s.box()))
                .map(change);
        if (best.isPresent()) {
          var b = best.get();
          out.add(0, new Segment("region " + (i + 1), .9, b.box(), b.rle(), 1));
        }
      }
      return out;
    }

    private static int shared(Rle mark, Segment thing) {
      return Rle.intersection(List.of(mark, thing.rle())).area();
    }
  }

  @Test
  void everyKindOfMarkIsScored() throws IOException {
    var world = TinyWorld.write(dir);
    var perfect = new Following(s -> s, new ArrayList<>());
    var rows = world.run(Suite.INTERACTIVE, perfect);
    for (var kind : List.of("point", "scribble", "box", "mask")) {
      assertThat(rows)
          .containsEntry(kind + ": cIoU", 1.0)
          .containsEntry(kind + ": mIoU", 1.0)
          .containsEntry(kind + ": objects", 3.0);
    }
    assertThat(perfect.asked).hasSize(8); // four kinds in two pictures
    var again = new Following(s -> s, new ArrayList<>());
    world.run(Suite.INTERACTIVE, again);
    assertThat(again.asked.toString()).isEqualTo(perfect.asked.toString());
    var silent =
        new FakeSubject() {
          @Override
          public List<Segment> segmentMarked(Raster picture, List<VisualPrompt> regions) {
            return List.of();
          }
        };
    assertThat(world.run(Suite.INTERACTIVE, silent))
        .containsEntry("point: cIoU", 0.0)
        .containsEntry("mask: mIoU", 0.0);
    // the dog of a picture, whatever is marked: right in two of three cases
    var stuck =
        new FakeSubject() {
          @Override
          public List<Segment> segmentMarked(Raster picture, List<VisualPrompt> regions) {
            var dog = TinyWorld.see(picture, "dog").orElseThrow();
            return List.of(TinyWorld.segment("region 1", dog), TinyWorld.segment("region 2", dog));
          }
        };
    var wrong = world.run(Suite.INTERACTIVE, stuck);
    assertThat(wrong.get("box: mIoU")).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(wrong.get("box: cIoU")).isCloseTo(200 / 400.0, within(1e-12));
  }

  @Property(tries = 60)
  void marksLieOnTheObject(@ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int pixels) {
    var random = new Random(seed);
    var mask = new Mask(20, 15);
    int x = random.nextInt(20), y = random.nextInt(15);
    for (int i = 0; i < pixels; i++) { // a random path, so any shape
      mask.set(x, y);
      x = Math.floorMod(x + random.nextInt(3) - 1, 20);
      y = Math.floorMod(y + random.nextInt(3) - 1, 15);
    }
    for (var kind : ObjectMarks.Kind.values()) {
      var mark = new ObjectMarks(mask, new Random(seed)).mark(kind);
      boolean pointed = kind == ObjectMarks.Kind.POINT || kind == ObjectMarks.Kind.SCRIBBLE;
      assertThat(mark.isPresent()).isEqualTo(!pointed || mask.area() >= 10);
      mark.ifPresent(m -> assertThat(m.mask(20, 15).area()).isPositive());
      if (mark.orElse(null) instanceof VisualPrompt.PointPrompt p) {
        assertThat(mask.get((int) p.x(), (int) p.y())).isTrue();
      } else if (mark.orElse(null) instanceof VisualPrompt.ScribblePrompt s) {
        assertThat(s.points()).allMatch(p -> mask.get((int) p.x(), (int) p.y()));
      }
    }
  }
}
