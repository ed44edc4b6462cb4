package dev.visionllm.data;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Conversations in LLaVA's format, as one JSON array or one record a line, with several pictures,
 * regions and bare answers added. Ids are unique in a file.
 */
public final class LlavaDataset {
  private LlavaDataset() {}

  /**
   * Reads and checks a file of conversations.
   *
   * @throws BrokenSample if the file is not of the format; the message names the file and the
   *     record
   */
  public static List<Dialogue> read(Path file) throws IOException {
    List<Dialogue> out = new ArrayList<>();
    each(file, Problems.refuse(), out::add);
    return out;
  }

  /**
   * Reads a file as a stream; records with problems are refused or left out.
   *
   * @param each what it throws because of its input is a problem of the record
   */
  public static void each(Path file, Problems problems, Consumer<Dialogue> each)
      throws IOException {
    Set<String> ids = new HashSet<>();
    if (firstCharacter(file) == '[') {
      JsonStream.root(
          file, problems, (n, i) -> problems.take(file, "record " + i, () -> add(ids, n, each)));
      return;
    }
    int number = 0;
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (line.isBlank()) continue;
        String json = line;
        problems.take(
            file, "line " + number, () -> add(ids, JsonMapper.shared().readTree(json), each));
      }
    } catch (CharacterCodingException e) {
      problems.add(file, "after line " + number, "not UTF-8 text");
    }
  }

  /** One record as a line of JSON, without its line break. */
  public static String line(Dialogue d) {
    return LlavaRecord.line(d);
  }

  /** How many records a file seems to have, for progress: its lines, or the length of its array. */
  static int count(Path file) throws IOException {
    int[] n = {0};
    if (firstCharacter(file) == '[') {
      JsonStream.root(file, Problems.skip(), (node, i) -> n[0]++);
      return n[0];
    }
    byte[] buffer = new byte[1 << 16];
    try (var in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
        for (int i = 0; i < read; i++) n[0] += buffer[i] == '\n' ? 1 : 0;
      }
    }
    return n[0];
  }

  private static void add(Set<String> ids, JsonNode n, Consumer<Dialogue> each) {
    Dialogue d = LlavaRecord.parse(n);
    if (!ids.add(d.id())) {
      throw new IllegalArgumentException("repeats the id " + d.id() + ": ids must be unique");
    }
    each.accept(d);
  }

  private static int firstCharacter(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      int c = in.read();
      while (c == ' ' || c == '\n' || c == '\r' || c == '\t') c = in.read();
      return c;
    }
  }
}
