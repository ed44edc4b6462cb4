package dev.visionllm.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The part of a SentencePiece {@code tokenizer.model} (a protobuf message,
 * sentencepiece_model.proto) that byte-pair tokenizers of the LLaMA kind use.
 *
 * @param dummyPrefix whether a space is put before the text
 */
record SentencePieceModel(List<Piece> pieces, boolean dummyPrefix) {
  enum Type {
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE
  }

  record Piece(String text, float score, Type type) {}

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;
  private static final int BPE = 2;

  /**
   * @param name how messages call the file
   * @throws IllegalArgumentException if the bytes are not such a message, or of a kind that is not
   *     byte-pair encoding without text normalisation
   */
  static SentencePieceModel parse(byte[] bytes, String name) {
    try {
      return new Parser(name).model(ByteBuffer.wrap(bytes));
    } catch (java.nio.BufferUnderflowException e) {
      throw new IllegalArgumentException(
          name + " is not a SentencePiece model: it ends in the middle of a field", e);
    }
  }

  private record Parser(String name) {
    SentencePieceModel model(ByteBuffer in) {
      List<Piece> pieces = new ArrayList<>();
      boolean dummyPrefix = true;
      int kind = 1;
      boolean removesSpaces = true;
      boolean escapesSpaces = true;
      boolean normalises = false;
      while (in.hasRemaining()) {
        long key = varint(in);
        int field = (int) (key >>> 3);
        if (field == 1) {
          pieces.add(piece(message(in, key)));
        } else if (field == 2) {
          ByteBuffer trainer = message(in, key);
          while (trainer.hasRemaining()) {
            long k = varint(trainer);
            if (k >>> 3 == 3 && (k & 7) == VARINT) kind = (int) varint(trainer);
            else skip(trainer, k);
          }
        } else if (field == 3) {
          ByteBuffer norm = message(in, key);
          while (norm.hasRemaining()) {
            long k = varint(norm);
            switch ((int) (k >>> 3)) {
              case 2 -> normalises = message(norm, k).hasRemaining();
              case 3 -> dummyPrefix = varint(norm) != 0;
              case 4 -> removesSpaces = varint(norm) != 0;
              case 5 -> escapesSpaces = varint(norm) != 0;
              default -> skip(norm, k);
            }
          }
        } else {
          skip(in, key);
        }
      }
      if (pieces.isEmpty()) throw bad("it holds no pieces");
      if (kind != BPE)
        throw bad("its model type is " + kind + ", only byte-pair encoding (2) is read");
      if (normalises || removesSpaces || !escapesSpaces) {
        throw bad("it normalises text, which is not supported; convert it to a tokenizer.json");
      }
      return new SentencePieceModel(List.copyOf(pieces), dummyPrefix);
    }

    private Piece piece(ByteBuffer in) {
      String text = "";
      float score = 0;
      Type type = Type.NORMAL;
      while (in.hasRemaining()) {
        long key = varint(in);
        switch ((int) (key >>> 3)) {
          case 1 -> text = StandardCharsets.UTF_8.decode(message(in, key)).toString();
          case 2 -> {
            if ((key & 7) != FIXED32) throw bad("a score is not a float");
            score = in.order(ByteOrder.LITTLE_ENDIAN).getFloat();
          }
          case 3 -> {
            long t = varint(in);
            if (t < 1 || t > Type.values().length) throw bad("piece type " + t + " is unknown");
            type = Type.values()[(int) t - 1];
          }
          default -> skip(in, key);
        }
      }
      if (text.isEmpty()) throw bad("it holds an empty piece");
      if (type == Type.UNUSED) throw bad("it holds unused pieces, which are not supported");
      return new Piece(text, score, type);
    }

    private ByteBuffer message(ByteBuffer in, long key) {
      if ((key & 7) != BYTES) throw bad("field " + (key >>> 3) + " has the wrong wire type");
      long length = varint(in);
      if (length < 0 || length > in.remaining()) {
        throw bad("a field of " + length + " bytes reaches beyond its end");
      }
      ByteBuffer part = in.slice(in.position(), (int) length);
      in.position(in.position() + (int) length);
      return part;
    }

    private void skip(ByteBuffer in, long key) {
      switch ((int) (key & 7)) {
        case VARINT -> varint(in);
        case FIXED64 -> in.getLong();
        case BYTES -> message(in, key);
        case FIXED32 -> in.getInt();
        default -> throw bad("wire type " + (key & 7) + " does not exist");
      }
    }

    private long varint(ByteBuffer in) {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        byte b = in.get();
        value |= (long) (b & 0x7f) << shift;
        if (b >= 0) return value;
      }
      throw bad("a number has more than ten bytes");
    }

    private IllegalArgumentException bad(String why) {
      return new IllegalArgumentException(name + " is not a usable SentencePiece model: " + why);
    }
  }
}
