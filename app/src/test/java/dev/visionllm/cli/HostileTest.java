package dev.visionllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.visionllm.image.ImageFiles;
import dev.visionllm.image.Raster;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Pictures, regions, words and model folders that are wrong: through the whole command line, each
 * ends with exit code 2, nothing on stdout and one line on stderr that says what is wrong.
 */
class HostileTest {
  private static final String ASKED = "What is this?";

  @TempDir static Path shared;
  @TempDir Path dir;

  private static Path model;
  private static String picture;

  @BeforeAll
  static void model() throws IOException {
    model = TinyModel.write(shared.resolve("tiny"));
    picture = TinyModel.NANO.resolve("demo").resolve("scene.png").toString();
  }

  // pictures

  @Test
  void missingPicture() {
    refused(ask(dir.resolve("none.png")), "none.png");
    refused(MainTest.run("detect", "none.png", "dog", "--model", "" + model), "none.png");
    refused(
        MainTest.run("ask", picture, "What", "is", "this", "--model", "" + model),
        "no such picture file: What",
        "in quotes");
    refused(ask(dir), "this is a folder");
  }

  @Test
  void emptyFile() throws IOException {
    refused(ask(Files.write(dir.resolve("empty.png"), new byte[0])), "empty.png", "empty");
  }

  @Test
  void textNamedPng() throws IOException {
    Path text = Files.writeString(dir.resolve("text.png"), "this is only text, not a picture\n");
    refused(ask(text), "text.png");
    refused(MainTest.run("detect", "" + text, "dog", "--model", "" + model), "text.png");
  }

  @Test
  void truncatedPngAndJpeg() throws IOException {
    byte[] png = Files.readAllBytes(Path.of(picture));
    refused(
        ask(Files.write(dir.resolve("cut.png"), Arrays.copyOf(png, png.length / 2))), "cut.png");
    var jpeg = new ByteArrayOutputStream();
    BufferedImage image = ImageFiles.read(Path.of(picture)).toBufferedImage();
    ImageIO.write(image, "jpeg", jpeg);
    byte[] bytes = jpeg.toByteArray();
    refused(
        ask(Files.write(dir.resolve("cut.jpg"), Arrays.copyOf(bytes, bytes.length / 2))),
        "cut.jpg");
  }

  @Test
  void hugeAndEmptyPictures() throws IOException {
    refused(ask(header(60_000, 60_000)), "60000");
    refused(ask(header(0, 0)), "0 x 0");
  }

  /** A PNG that ends after its header. */
  private Path header(int width, int height) throws IOException {
    var chunk = new ByteArrayOutputStream();
    var out = new DataOutputStream(chunk);
    out.writeBytes("IHDR");
    out.writeInt(width);
    out.writeInt(height);
    out.write(new byte[] {8, 2, 0, 0, 0});
    CRC32 crc = new CRC32();
    crc.update(chunk.toByteArray());
    var all = new ByteArrayOutputStream();
    var file = new DataOutputStream(all);
    file.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    file.writeInt(13);
    file.write(chunk.toByteArray());
    file.writeInt((int) crc.getValue());
    return Files.write(dir.resolve(width + ".png"), all.toByteArray());
  }

  @Test
  void animatedAndCmykAreAccepted() {
    Path pictures = Path.of("..", "core", "src", "test", "resources", "pictures");
    for (String name : new String[] {"quadrants-animated.webp", "quadrants-cmyk.jpg"}) {
      MainTest.Run run = ask(pictures.resolve(name), "--max-tokens", "1");
      assertThat(run.err()).isEmpty();
      assertThat(run.code()).isEqualTo(Main.OK);
    }
  }

  // regions and words

  @Test
  void regions() throws IOException {
    Path black = dir.resolve("black.png");
    ImageFiles.writePng(new Raster(256, 256, new byte[3 * 256 * 256]), black);
    Path small = dir.resolve("small.png");
    ImageFiles.writePng(new Raster(2, 2, new byte[12]), small);
    Path on = Path.of(picture);
    refused(ask(on, "--region", "box:10,10,900,90"), "outside the picture", "256");
    refused(ask(on, "--region", "point:-1,5"), "outside the picture");
    refused(ask(on, "--region", "scribble:1,1;300,1"), "outside the picture");
    refused(ask(on, "--region", "box:90,10,10,90"), "empty or inverted");
    refused(ask(on, "--region", "box:1,2,3"), "cannot be read", "box:x0,y0,x1,y1");
    refused(ask(on, "--region", "circle:1,2,3"), "cannot be read");
    refused(ask(on, "--region", "point:NaN,1"), "NaN");
    refused(ask(on, "--region", "mask:" + black), "is empty");
    refused(ask(on, "--region", "mask:" + small), "2 x 2", "256 x 256");
    refused(ask(on, "--region", "mask:" + dir.resolve("none.png")), "none.png");
  }

  @Test
  void questions() {
    refused(run("ask", picture, " "), "no text");
    refused(run("ask", picture), "QUESTION");
    refused(run("ask", picture, picture), "question is missing");
    refused(run("ask", picture, "Is <region> red?"), "<region>");
    refused(run("ask", picture, "<image> and <image>?"), "<image>");
    refused(
        run("ask", picture, "many words ".repeat(TinyModel.CONTEXT)),
        "tokens",
        "context holds " + TinyModel.CONTEXT);
  }

  @Test
  void options() {
    refused(run("ask", picture, ASKED, "--temperature", "-1"), "temperature");
    refused(run("ask", picture, ASKED, "--top-p", "0.9"), "--temperature");
    refused(run("ask", picture, ASKED, "--beams", "2", "--temperature", "1"), "--beams");
    refused(run("ask", picture, ASKED, "--beams", "0"), "beams 0");
    refused(run("ask", picture, ASKED, "--max-tokens", "0"), "maxTokens is 0");
    refused(run("ask", picture, ASKED, "--seed", "x"), "--seed");
    refused(run("ask", picture, ASKED, "--out", "found.jpg"), "found.jpg", "*.png");
    refused(run("ask", picture, ASKED, "--out", dir + "/none/found.png"), "no folder");
    refused(run("ask", picture, ASKED, "--out", picture), "overwrite");
  }

  @Test
  void classes() {
    refused(run("detect", picture), "at least one class");
    refused(run("detect", picture, picture), "at least one class");
    refused(run("detect", picture, "dog", " "), "class name is empty");
    refused(run("detect", picture, "dog", "--threshold", "1.5"), "threshold is 1.5");
    refused(run("detect", picture, "none.png", "dog"), "none.png");
    refused(run("detect", picture, "dog ".repeat(TinyModel.CONTEXT)), "context");
  }

  // model folders

  @Test
  void formatsAndDevices() {
    refused(run("ask", picture, ASKED, "--dtype", "int3"), "--dtype is int3", "bf16");
    refused(run("detect", picture, "dog", "--device", "abacus"), "abacus", "cuda");
  }

  @Test
  void unknownModelFolder() {
    Path none = dir.resolve("none");
    refused(MainTest.run("ask", picture, ASKED, "--model", "" + none), "none does not exist");
    refused(MainTest.run("detect", picture, "dog", "--model", "" + none), "none does not exist");
    refused(MainTest.run("chat", picture, "--model", "" + none), "none does not exist");
    refused(MainTest.run("ask", picture, ASKED, "--model", picture), "is a file");
  }

  @Test
  void config() throws IOException {
    changed("config.json", s -> s.replace("num_embs\"", "num_embz\""), "num_embz", "not known");
    changed("config.json", s -> s.replace("\"d_model\"", "\"d_modl\""), "d_modl", "not known");
    changed("config.json", s -> s.substring(0, s.length() / 2), "not JSON");
    changed("config.json", s -> s.replace("vocab_size", "torch_dtype"), "vocab_size", "missing");
    changed("config.json", s -> s.replace("\"num_embs\": 4", "\"num_embs\": \"4\""), "num_embs");
    changed("config.json", s -> s.replace("\"num_embs\": 4", "\"num_embs\": 99"), "num_embs", "99");
    changed("config.json", s -> s.replace("vicuna_v1", "vicuna_v9"), "vicuna_v9");
    changed(
        "config.json",
        s -> s.replace("\"max_tiles\"", "\"image_aspect_ratio\": \"round\", \"max_tiles\""),
        "image_aspect_ratio",
        "round");
    changed(
        "config.json",
        s ->
            s.replace("\"num_attention_heads\": 2, \"image", "\"num_attention_heads\": 3, \"image"),
        "heads");
    changed("config.json", s -> s.replace("\"vocab_size\": 11", "\"vocab_size\": 9"), "vocab_size");
  }

  @Test
  void tokenizer() throws IOException {
    changed("tokenizer.json", s -> s.replace("[POSE]", "[P0SE]"), "[POSE]", "special token");
    changed("tokenizer.json", s -> s.replace("<region>", "<regiom>"), "<region>", "special token");
    changed("tokenizer.json", s -> "{}", "tokenizer.json");
    changed("tokenizer.json", s -> s.substring(0, s.length() / 2), "tokenizer.json");
    Path gone = TinyModel.copy(model, dir.resolve("gone"));
    Files.delete(gone.resolve("tokenizer.json"));
    refused(asked(gone), "tokenizer.json");
  }

  @Test
  void weightsThatDoNotFit() throws IOException {
    String norm = "llm.model.norm.weight";
    reweighted(w -> w.remove(norm), norm, "no tensor");
    reweighted(w -> w.put("llm.extra", w.get(norm)), "llm.extra", "no place for");
    reweighted(w -> w.put(norm, w.get(norm).repeat(2)), norm, "shape [32]", "[16]");
    reweighted(w -> w.put(norm, w.get(norm).to(ScalarType.Long)), norm, "I64");
  }

  @Test
  void weightFilesThatAreBroken() throws IOException {
    byte[] good = Files.readAllBytes(model.resolve("model.safetensors"));
    weights(new byte[0], "0 bytes");
    weights("this is only text, not weights".getBytes(StandardCharsets.UTF_8), "safetensors");
    byte[] length = good.clone();
    ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).putLong(0, good.length * 2L);
    weights(length, "safetensors");
    weights(Arrays.copyOf(good, good.length - 100), "cut short");
    weights(Arrays.copyOf(good, good.length + 8), "8 bytes of no tensor");
    String one = "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}";
    String two = ",\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}";
    byte[] json = (one + two).getBytes(StandardCharsets.UTF_8);
    ByteBuffer overlap = ByteBuffer.allocate(8 + json.length + 3).order(ByteOrder.LITTLE_ENDIAN);
    weights(overlap.putLong(json.length).put(json).array(), "b overlaps a");
    Path none = TinyModel.copy(model, dir.resolve("without"));
    Files.delete(none.resolve("model.safetensors"));
    refused(asked(none), "model.safetensors");
  }

  private static MainTest.Run run(String... words) {
    String[] args = Arrays.copyOf(words, words.length + 2);
    args[words.length] = "--model";
    args[words.length + 1] = model.toString();
    return MainTest.run(args);
  }

  private static MainTest.Run ask(Path file, String... more) {
    String[] args = Arrays.copyOf(new String[] {"ask", "" + file, ASKED}, 3 + more.length);
    System.arraycopy(more, 0, args, 3, more.length);
    return run(args);
  }

  private static MainTest.Run asked(Path folder) {
    return MainTest.run("ask", picture, ASKED, "--model", folder.toString());
  }

  /** A model folder with one text file changed. */
  private void changed(String name, UnaryOperator<String> change, String... says)
      throws IOException {
    Path folder = TinyModel.copy(model, Files.createTempDirectory(dir, "model").resolve("m"));
    Path file = folder.resolve(name);
    String text = Files.readString(file);
    String other = change.apply(text);
    assertThat(other).isNotEqualTo(text);
    Files.writeString(file, other);
    refused(asked(folder), says);
  }

  /** A model folder with other tensors in it. */
  private void reweighted(Consumer<Map<String, Tensor>> change, String... says) throws IOException {
    Path folder = Files.createTempDirectory(dir, "model").resolve("m");
    refused(asked(TinyModel.write(folder, change)), says);
  }

  /** A model folder with another file of weights. */
  private void weights(byte[] bytes, String... says) throws IOException {
    Path folder = TinyModel.copy(model, Files.createTempDirectory(dir, "model").resolve("m"));
    Files.write(folder.resolve("model.safetensors"), bytes);
    refused(asked(folder), says);
  }

  private static void refused(MainTest.Run run, String... says) {
    MainTest.assertBadInput(run, says);
  }
}
