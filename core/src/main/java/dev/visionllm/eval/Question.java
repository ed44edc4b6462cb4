package dev.visionllm.eval;

import dev.visionllm.data.Dialogue;
import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A conversation of which the first question is asked.
 *
 * @param files its pictures
 * @param picture the annotated picture that it is about; null if it is about none or several
 */
record Question(Dialogue dialogue, List<Path> files, SceneSet.Picture picture) {

  /** Whether it is one question and one reply. */
  boolean single() {
    return dialogue.turns().size() == 2;
  }

  String text() {
    return dialogue.turns().get(0).text();
  }

  String reply() {
    return dialogue.turns().get(1).text();
  }

  /** The bare answer. @throws IllegalArgumentException if the data has none */
  String truth() {
    if (dialogue.answer() == null) {
      throw new IllegalArgumentException(
          "conversation %s of task %s has no \"answer\" to compare with"
              .formatted(dialogue.id(), dialogue.task()));
    }
    return dialogue.answer();
  }

  /**
   * What the model is given.
   *
   * @param seen pictures that were read before; what is read is added
   */
  Prompt prompt(Map<Path, Raster> seen) throws IOException {
    var pictures = new ArrayList<Raster>();
    for (Path file : files) {
      Raster picture = seen.get(file);
      if (picture == null) {
        picture = ImageFiles.read(file);
        seen.put(file, picture);
      }
      pictures.add(picture);
    }
    return new Prompt(
        text(), pictures, dialogue.regions().stream().map(Dialogue.Region::prompt).toList());
  }
}
