package dev.visionllm.train;

import dev.visionllm.data.BrokenSample;
import dev.visionllm.data.Dialogue;
import dev.visionllm.data.LlavaDataset;
import dev.visionllm.image.Raster;
import java.nio.file.Path;
import java.util.List;

/**
 * A conversation and its pictures, in the order of their places.
 *
 * @param file that it is from
 * @param pictures their files, in images/ beside that
 */
public record Album(Path file, Dialogue dialogue, List<Path> pictures) {
  /** Those of a file in LLaVA's format. */
  static List<Album> read(Path file) {
    return BrokenSample.located(file, "", () -> LlavaDataset.read(file)).stream()
        .map(
            d ->
                new Album(file, d, d.images().stream().map(i -> Pictures.beside(file, i)).toList()))
        .toList();
  }

  /** See {@link SampleSource#at}. */
  String at() {
    return "dialogue " + dialogue.id();
  }

  /** Characters of a conversation. */
  static int length(Dialogue d) {
    return d.turns().stream().mapToInt(t -> t.text().length()).sum();
  }

  /** Reads the pictures. */
  List<Raster> open() {
    return pictures.stream().map(Pictures::read).toList();
  }
}
