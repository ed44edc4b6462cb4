package dev.visionllm.data;

import dev.visionllm.data.figures.Motion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Brings the motion capture files that people are posed by, through Debian's apt-get or from a
 * folder, and lays them out in {@code motion/}.
 */
public final class MotionSources {
  /** What apt-get is asked for: three BVH files of 10,332 frames; BSD-3-Clause. */
  public static final String PACKAGE = "assimp-testmodels";

  private static final String FOLDER = "motion";
  private static final String INSTEAD =
      "fetch the package "
          + PACKAGE
          + " on a Debian or Ubuntu system, or name a folder of your own .bvh files with --from";

  /** Where the files are and how many frames they have. */
  public record Fetched(Path folder, int frames) {}

  private MotionSources() {}

  /**
   * Fetches the package and copies its BVH files.
   *
   * @param out folder to write to; what is there already under motion/ is replaced
   * @param apt name or path of apt-get
   * @throws IOException if a client is missing or fails
   */
  public static Fetched fetch(Path out, String apt) throws IOException, InterruptedException {
    Files.createDirectories(out);
    Path temporary = Files.createTempDirectory(out, ".apt");
    try {
      PackageClient.run("apt-get", List.of(apt, "download", PACKAGE), temporary, INSTEAD);
      Path archive = only(temporary, ".deb");
      Path content = Files.createDirectories(temporary.resolve("content"));
      PackageClient.run(
          "dpkg-deb",
          List.of("dpkg-deb", "-x", archive.getFileName().toString(), "content"),
          temporary,
          INSTEAD);
      return copy(content, out);
    } finally {
      PackageClient.delete(temporary);
    }
  }

  /**
   * Copies the BVH files of a folder and of the folders in it, after checking that people can be
   * posed by them.
   *
   * @param out folder to write to; what is there already under motion/ is replaced
   * @throws IllegalArgumentException if there are none, or one cannot be used
   */
  public static Fetched copy(Path from, Path out) throws IOException {
    if (!Files.isDirectory(from)) {
      throw new IllegalArgumentException("folder " + from + " does not exist");
    }
    List<Path> files;
    try (Stream<Path> all = Files.walk(from)) {
      files =
          all.filter(Files::isRegularFile)
              .filter(f -> f.toString().toLowerCase(Locale.ROOT).endsWith(".bvh"))
              .sorted()
              .toList();
    }
    if (files.isEmpty()) {
      throw new IllegalArgumentException("folder " + from + " holds no .bvh files");
    }
    Path folder = out.resolve(FOLDER);
    Set<String> names = new HashSet<>();
    int frames = 0;
    for (Path f : files) {
      if (f.toAbsolutePath().normalize().startsWith(folder.toAbsolutePath().normalize())) {
        throw new IllegalArgumentException(
            f + " would be replaced by the copies: name another folder with --out");
      }
      if (!names.add(f.getFileName().toString())) {
        throw new IllegalArgumentException(
            "folder " + from + " holds two files of the name " + f.getFileName());
      }
      frames += Motion.frames(f);
    }
    PackageClient.fresh(folder);
    for (Path f : files) Files.copy(f, folder.resolve(f.getFileName().toString()));
    return new Fetched(folder, frames);
  }

  private static Path only(Path folder, String end) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> f.toString().endsWith(end))
          .findFirst()
          .orElseThrow(() -> new IOException("apt-get brought no " + end + " file of " + PACKAGE));
    }
  }
}
