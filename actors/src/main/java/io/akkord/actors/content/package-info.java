/**
 * Files a node needs and the head has (model folder, tokenizer, token cache): named by a manifest
 * of hashes, brought over the bulk lane, kept by content.
 */
package io.akkord.actors.content;
