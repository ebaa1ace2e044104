// What the program has to know of an external system before it speaks to it: one definition for each,
// in the system's own folder, listed in registry.ts. Whatever else would have to name a system asks
// its definition instead.
//
// A definition loads nothing that speaks to its system: that is loaded by its functions, so that a
// short command does not wait for it.
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { MappingDocument } from '../catalogue/document.ts';
import type { SystemMappings } from '../catalogue/system-mappings.ts';
import type { Config } from '../config/config.ts';
import type { Check } from '../finding.ts';
import type { SentRequest } from '../measures.ts';
import type { Auth, Authorize } from './auth.ts';
import type { Meaning } from './failure-meaning.ts';
import type { Ingress, Integration } from './integration.ts';

/**
 * What a deletion (or an archiving) of a record at a system does. `delete`: our row goes, and with it
 * its records at the other systems. `detach`: only the pair ends. `ask`: the pair waits until a person
 * decides.
 */
export type InboundDeletes = 'delete' | 'detach' | 'ask';

/** What the settings say of every system, whatever their names are. */
export interface SystemSettings {
  /** False: observe only; nothing is sent but reads (WRITES=off). */
  writes: boolean;
  /** False: nothing of theirs is written to our table (PULLS=off). */
  pulls: boolean;
  /** What happens at the system when a row is deleted. */
  deletes: 'delete' | 'detach';
  /** What happens to the row when its record is deleted; undefined: the default (registry.ts). */
  deletesIn: InboundDeletes | undefined;
  /** What a record without our owner tag does when its email is that of an unlinked row. */
  linkByEmail: 'ask' | 'link' | 'never';
  /** Whether the system is asked for records with the row's email before a record is created. */
  looksBeforeCreate: boolean;
  /** Whether an unmatched record becomes a row of ours. */
  imports: boolean;
  /** Requests a second; undefined: what the system allows by default. */
  rates: { account: number | undefined; endpoint: number | undefined };
}

/** What it takes to receive a system's events without ever calling the system. */
export interface Intake {
  system: string;
  document: MappingDocument;
  /** None where a system pushes nothing. */
  ingress?: Ingress | undefined;
}

/** What a look at an account found, for doctor. */
export interface Examined {
  /** What the credential may do. */
  rights: Check[];
  /** The system's clock, and this machine's in the middle of that call; null where none was read. */
  clock: { theirs: Date; ours: Date } | null;
  /** How the system's events reach us; none where it pushes nothing. */
  webhooks: Check[];
  /** Whether the key may ask whose account it is. */
  mayIdentify: boolean;
}

export interface ExamineOptions {
  /** How many secrets of its webhooks are set. */
  secrets: number;
  /** `twinbox up` runs on this folder. */
  running: boolean;
  /** Present if the access has `auth`. */
  authorize?: Authorize | undefined;
}

/** Where a system is, and with which credential it is called. */
export interface SystemAccess {
  system: SystemDefinition;
  /** The address of a double that stands in for the system; null for the system itself. */
  standIn: string | null;
  /** How its credential is minted or rotated; left out where it is static, from the settings. */
  auth?: Auth;
  /**
   * `instanceId`: the installation whose owner tag the records bear. `authorize`: what sends each
   * request; present if there is `auth`. `sent` is told of each request once it is over, for figures.
   */
  integrate(
    instanceId: string,
    authorize?: Authorize,
    sent?: (request: SentRequest) => void,
  ): Promise<Integration>;
  /** Reads only; never tries a write. */
  examine(options: ExamineOptions): Promise<Examined>;
}

export interface SystemDefinition {
  /** In rows, topics, groups, paths and commands; its settings begin with it in capitals. */
  name: string;
  /** As people call it. */
  label: string;
  /** What a record of a customer is there. */
  externalType: string;
  /** How far back the system lists or sends its events again, in days. */
  eventsKeptDays: number;
  /** Whether it is kept in step. Of a system that is not, no setting is demanded. */
  isEnabled(config: Config): boolean;
  settings(config: Config): SystemSettings;
  /** Null where the settings do not say where it is; `missing` is then what a person reads. */
  findAccess(config: Config): SystemAccess | null;
  /** By a double at this address, with a credential that is obviously made up. */
  standInAt(address: string, catalogue: Catalogue): SystemAccess;
  /** Whether the settings name an account of real customers. */
  isLive(config: Config): boolean;
  /** The setting that is missing, and what it is for. */
  missing: string;
  /** Where to look if it does not answer. */
  lookAt: string;
  /** Whoever has only forgotten a setting must not have to guess why nothing reaches the system. */
  standInAdvice(address: string): string;
  /** What a user's configuration can map; left out by a system whose mapping cannot be changed. */
  mappings?: SystemMappings;
  /** The mapping document of the catalogue's customers, checked whole. */
  document(catalogue: Catalogue): MappingDocument;
  intake(instanceId: string, catalogue: Catalogue): Promise<Intake>;
  /** Those that sign its webhooks; several while one is being rolled. */
  webhookSecrets(config: Config): string[];
  /**
   * What the codes of its failures mean, and how each is cured; a code that is missing is explained by
   * its kind. Left out, all are.
   */
  failures?: Readonly<Record<string, Meaning>>;
  /**
   * The headers that its webhooks are signed by, for the API's document; empty if it signs nothing and
   * an ingest key proves who sends; null without webhooks.
   */
  signatureHeaders: readonly string[] | null;
}
