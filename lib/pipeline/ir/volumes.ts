/** Steps that KFP itself carries out: their images are never run. */

export const createVolumeImage = 'argostub/createpvc';
export const deleteVolumeImage = 'argostub/deletepvc';
