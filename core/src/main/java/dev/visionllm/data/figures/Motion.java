package dev.visionllm.data.figures;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/** Where the poses of people come from. */
public abstract sealed class Motion permits Motion.Captured, Gestures {
  private static final double GESTURES = 0.25; // share beside motion capture, for more variety

  /** Walks, runs and gestures made up from angles; needs no files. */
  public static Motion procedural() {
    return new Gestures();
  }

  /**
   * Frames of all BVH files of a folder, and some made up gestures.
   *
   * @throws IllegalArgumentException if there are none, or one is not of the format or not of a
   *     person; the message names the file
   */
  public static Motion captured(Path folder) throws IOException {
    return new Captured(load(folder));
  }

  private static List<CapturedMotion> load(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException(
          "motion folder "
              + folder
              + " does not exist: 'visionllm data fetch motion --out DIR' makes one in DIR/motion");
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files =
          all.filter(f -> f.toString().toLowerCase(Locale.ROOT).endsWith(".bvh")).sorted().toList();
    }
    if (files.isEmpty()) {
      throw new IllegalArgumentException("motion folder " + folder + " holds no .bvh files");
    }
    List<CapturedMotion> motions = new ArrayList<>();
    for (Path f : files) motions.add(CapturedMotion.of(Bvh.read(f)));
    return motions;
  }

  /**
   * Reads a BVH file to see that people can be posed by it.
   *
   * @return how many frames it has
   * @throws IllegalArgumentException if it is not of the format or not of a person
   */
  public static int frames(Path file) throws IOException {
    return CapturedMotion.of(Bvh.read(file)).frames();
  }

  abstract BodyPose pose(RandomGenerator random);

  static final class Captured extends Motion {
    private final Gestures gestures = new Gestures();
    private final List<CapturedMotion> motions;
    private final int frames;

    Captured(List<CapturedMotion> motions) {
      this.motions = List.copyOf(motions);
      this.frames = motions.stream().mapToInt(CapturedMotion::frames).sum();
    }

    @Override
    BodyPose pose(RandomGenerator random) {
      if (random.nextDouble() < GESTURES) return gestures.pose(random);
      int frame = random.nextInt(frames);
      for (CapturedMotion m : motions) {
        if (frame < m.frames()) return m.pose(frame);
        frame -= m.frames();
      }
      throw new AssertionError("frame " + frame + " is beyond all of " + frames);
    }
  }
}
