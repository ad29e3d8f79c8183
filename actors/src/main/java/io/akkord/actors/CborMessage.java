package io.akkord.actors;

/**
 * Marks a message between actors of one build: a record that jackson-cbor writes when it crosses a
 * process border. What outlives a process is protobuf instead and never carries this marker.
 */
public interface CborMessage {}
