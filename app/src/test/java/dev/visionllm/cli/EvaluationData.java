package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A data folder with something for every suite: one picture with one dog. */
final class EvaluationData {
  private static final int SIDE = 64;

  private static final String PICTURE =
      "{\"id\": 1, \"file_name\": \"images/a.png\", \"width\": 64, \"height\": 64}";

  private EvaluationData() {}

  static Path write(Path folder) throws IOException {
    for (String name : new String[] {"images", "semantic", "saliency", "edits/0"}) {
      Files.createDirectories(folder.resolve(name));
    }
    picture(folder.resolve("images/a.png"), Color.RED);
    picture(folder.resolve("edits/0/7_0.png"), Color.RED);
    picture(folder.resolve("edits/0/7_1.png"), Color.GRAY);
    gray(folder.resolve("semantic/a.png"), 1);
    gray(folder.resolve("saliency/a.png"), 255);
    gray(folder.resolve("edits/0/7_mask.png"), 255);
    file(
        folder,
        "instances.json",
        """
        {"images": [%s], "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
         "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [8, 8, 24, 24],
           "area": 576, "iscrowd": 0, "segmentation": [[8, 8, 32, 8, 32, 32, 8, 32]]}]}
        """
            .formatted(PICTURE));
    file(
        folder,
        "conversations.jsonl",
        dialogue("1", "caption", "What is here?", "A dog.", "")
            + dialogue("2", "existence", "Is there a cat?", "No.", ", \"answer\": \"no\"")
            + dialogue(
                "3",
                "recognition",
                "What is <region>?",
                "A dog.",
                ", \"answer\": \"dog\", \"regions\": [{\"box\": [8, 8, 32, 32]}]")
            + dialogue("4", "detection", "Find dogs.", "dog[DET].", ""));
    file(
        folder,
        "mmic.jsonl",
        """
        {"id": "1", "image": ["images/a.png", "images/a.png"], "answer": "dog", "conversations":\
         [{"from": "human", "value": "<image> dog, <image> what?"}, {"from": "gpt", "value": "dog"}]}
        """);
    file(
        folder,
        "refs.json",
        """
        [{"ref_id": 1, "ann_id": 1, "image_id": 1, "file_name": "a", "category_id": 1, "split": "val",
          "sentences": [{"sent_id": 1, "raw": "dog", "sent": "dog", "tokens": ["dog"]}]}]
        """);
    file(
        folder,
        "captions.json",
        "{\"images\": [%s], \"annotations\": [{\"id\": 1, \"image_id\": 1, \"caption\": \"a dog\"}]}"
            .formatted(PICTURE));
    file(
        folder,
        "keypoints.json",
        """
        {"images": [%s], "categories": [{"id": 1, "name": "dog", "keypoints": ["nose", "tail"]}],
         "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [8, 8, 24, 24],
           "area": 576, "iscrowd": 0, "num_keypoints": 2, "keypoints": [9, 9, 2, 30, 30, 2]}]}
        """
            .formatted(PICTURE));
    file(folder, "edits/seeds.json", "[[\"0\", [7]]]");
    file(
        folder,
        "edits/0/prompt.json",
        """
        {"input": "a dog", "edit": "remove the dog", "output": "nothing",
         "change": {"kind": "remove", "class": "dog", "box": [8, 8, 32, 32]}}
        """);
    return folder;
  }

  private static String dialogue(
      String id, String task, String question, String reply, String rest) {
    return """
    {"id": "%s", "image": "images/a.png", "task": "%s", "conversations": [\
    {"from": "human", "value": "<image>\\n%s"}, {"from": "gpt", "value": "%s"}]%s}
    """
        .formatted(id, task, question, reply, rest);
  }

  private static void file(Path folder, String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private static void picture(Path file, Color colour) throws IOException {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
    var g = image.createGraphics();
    g.setColor(colour);
    g.fillRect(8, 8, 24, 24);
    g.dispose();
    ImageFiles.writePng(image, file);
  }

  private static void gray(Path file, int value) throws IOException {
    var image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 24 * 24; i++) {
      image.getRaster().setSample(8 + i % 24, 8 + i / 24, 0, value);
    }
    ImageFiles.writePng(image, file);
  }
}
