import type { Json } from "../kernel/call.ts";
import type { Row } from "../kernel/store.ts";

export type Visibility = "public" | "private" | "shared" | "community";
export type Status = "queued" | "saving" | "active" | "deactivated" | "uploading" | "importing";

export interface ImageRow extends Row {
  name: string | null;
  disk_format: string | null;
  container_format: string | null;
  visibility: Visibility;
  size: number | null;
  virtual_size: number | null;
  status: Status;
  checksum: string | null;
  protected: boolean;
  min_ram: number;
  min_disk: number;
  /** Project; "" where an administrator of the system made it. */
  owner: string;
  os_hidden: boolean;
  os_hash_algo: string | null;
  os_hash_value: string | null;
  /** Milliseconds. */
  created: number;
  updated: number;
  tags: string[];
  properties: Record<string, string>;
}

/** A project that an image is shared with; the id is `image project`. */
export interface MemberRow extends Row {
  image_id: string;
  member_id: string;
  status: "pending" | "accepted" | "rejected";
  created: number;
  updated: number;
}

/** An import. */
export interface TaskRow extends Row {
  image_id: string;
  owner: string;
  user_id: string;
  request_id: string;
  status: "processing" | "success" | "failure";
  import: Json;
  created: number;
  updated: number;
}
