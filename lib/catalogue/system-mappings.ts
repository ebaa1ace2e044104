// What an external system says of the documents that may be made for it, besides their own form.
import type { MappingDocument } from './document.ts';
import type { Entity } from './entity.ts';

/** What the table of a system says of one of its fields. */
export interface ExternalField {
  /** The longest text that it takes; null where there is no limit. */
  maxLength: number | null;
  /** The name of the group of fields that the system takes together; null for a field by itself. */
  group: string | null;
  /** What the record has in it where it is unset; left out where that is nothing. */
  unset?: string;
}

export interface SystemMappings {
  /** As people call the system. */
  label: string;
  /** The built-in documents, by the name of the entity. */
  documents(): Readonly<Record<string, MappingDocument>>;
  /** Undefined for a field that it does not have. */
  fieldOf(entity: string, external: string): ExternalField | undefined;
  /** The problems of a document of well-formed fields: `/fields/0/external: …`. */
  findProblems(document: MappingDocument, entity: Entity): string[];
}

/** By the name of the system. */
export type MappingsOfSystems = Readonly<Record<string, SystemMappings>>;
