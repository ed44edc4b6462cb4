package dev.visionllm.cli;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import dev.visionllm.prompt.Prompt;
import dev.visionllm.prompt.VisualPrompt;
import dev.visionllm.result.Answer;
import dev.visionllm.result.Picture;
import dev.visionllm.vlm.AnswerStream;
import dev.visionllm.vlm.AnswerText;
import dev.visionllm.vlm.Chat;
import dev.visionllm.vlm.VisionLlm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code visionllm chat}: a conversation, one line a turn. */
@Command(
    name = "chat",
    description = "Talk about pictures; the model remembers what was said.",
    footer = {
      "",
      "Every line is a question, except:",
      "  /image FILE        show a picture with the next question",
      "  /region KIND:...   mark a region of the latest picture for the next question",
      "  /quit              end (so does the end of the input)",
      "",
      "Examples:",
      "  visionllm chat photo.png",
      "  printf '%%s\\n' 'What is this?' 'Is there a dog?' | visionllm chat photo.png"
    })
final class ChatCommand extends CliCommand {
  /** One turn for machines. */
  record Turn(
      String question, String answer, List<Map<String, Object>> detections, List<String> out) {}

  @Parameters(
      arity = "0..*",
      paramLabel = "IMAGE",
      description = "Pictures to show with the first question.")
  private List<Path> images = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Write what answers find or make as DIR/turn-NUMBER.png.")
  private Path out;

  @Mixin private DecodingOptions decoding;
  @Mixin private ModelOption model;

  private final InputStream in;

  /** Pictures that go with the next question. */
  private final List<Raster> fresh = new ArrayList<>();

  /** Regions that go with the next question. */
  private final List<VisualPrompt> regions = new ArrayList<>();

  private Raster latest; // picture shown or made last, or null
  private int turns;

  /**
   * @param in where the questions come from, UTF-8
   */
  ChatCommand(InputStream in) {
    this.in = in;
  }

  @Override
  public Integer call() throws IOException {
    decoding.check();
    Path folder = model.folder();
    for (Path file : images) {
      show(file);
    }
    if (out != null) {
      Files.createDirectories(out);
    }
    boolean person = System.console() != null && !json();
    int code = Main.OK;
    BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
    try (VisionLlm llm = model.load(folder)) {
      VisionLlm.Options options = decoding.of(llm);
      Chat chat = llm.chat();
      while (true) {
        if (person) {
          out().print("> ");
          out().flush();
        }
        String line = lines.readLine();
        if (line == null || line.strip().equals("/quit")) {
          return code;
        }
        try {
          read(line.strip(), chat, options);
        } catch (IllegalArgumentException | IOException e) {
          complain(e); // the conversation goes on without that line
          code = person ? Main.OK : Main.BAD_INPUT;
        }
      }
    }
  }

  private void read(String line, Chat chat, VisionLlm.Options options) throws IOException {
    if (line.isEmpty()) {
      return;
    }
    if (!line.startsWith("/")) {
      answer(line, chat, options);
      return;
    }
    String[] words = line.split("\\s+", 2);
    String rest = words.length == 1 ? "" : words[1];
    switch (words[0]) {
      case "/image" -> show(Path.of(rest));
      case "/region" -> mark(rest);
      default ->
          throw new IllegalArgumentException(
              words[0] + " is no command: there are /image FILE, /region KIND:... and /quit");
    }
  }

  private void show(Path file) throws IOException {
    latest = ImageFiles.read(file);
    fresh.add(latest);
    regions.clear(); // they were on the picture before
  }

  private void mark(String text) throws IOException {
    VisualPrompt region = VisualPrompt.parse(text);
    if (latest == null) {
      throw new IllegalArgumentException("there is no picture to mark: /image FILE first");
    }
    region.mask(latest.width(), latest.height());
    regions.add(region);
  }

  private void answer(String question, Chat chat, VisionLlm.Options options) throws IOException {
    if (!regions.isEmpty() && fresh.isEmpty()) {
      fresh.add(latest); // regions are marked on a picture of their own turn
    }
    Prompt prompt = new Prompt(question, fresh, regions);
    Answer answer;
    try (AnswerStream stream = chat.open(prompt, options)) {
      fresh.clear();
      regions.clear();
      while (stream.hasNext()) {
        String piece = stream.next();
        if (!json()) {
          out().print(piece);
          out().flush();
        }
      }
      answer = chat.close(prompt, stream);
    }
    List<String> written = new ArrayList<>();
    if (out != null) {
      Path to = out.resolve("turn-" + ++turns + ".png");
      Findings.write(to, latest, answer.findings()).forEach(file -> written.add(file.toString()));
    }
    for (Picture made : answer.pictures()) {
      latest = Raster.of(made.image());
    }
    if (json()) {
      printJson(new Turn(question, answer.text(), Findings.json(answer.findings()), written));
      return;
    }
    out().println();
    AnswerText.counts(answer).forEach((name, n) -> print("%s: %d", name, n));
    answer.findings().forEach(f -> print("%s", Findings.line(f)));
    written.forEach(file -> print("wrote %s", file));
  }
}
