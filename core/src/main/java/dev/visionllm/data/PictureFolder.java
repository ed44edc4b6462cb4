package dev.visionllm.data;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Pictures without a word about them: the picture files of a folder, at any depth. */
public final class PictureFolder {
  private PictureFolder() {}

  /**
   * The files by name; others are passed over, and so are the masks of {@link EditDataset}.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static List<Path> files(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new IllegalArgumentException("picture folder " + folder + " does not exist");
    }
    try (Stream<Path> all = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
      List<Path> files =
          all.filter(f -> Files.isRegularFile(f) && PictureFiles.isPicture(f.toString()))
              .filter(f -> !f.toString().matches(".*_mask\\.[a-z]+"))
              .sorted()
              .toList();
      if (files.isEmpty()) {
        throw new IllegalArgumentException(
            "folder " + folder + " holds no picture: expected .png, .jpg, .jpeg or .webp files");
      }
      return files;
    }
  }
}
